import { invalid, quote } from './errors.ts'

const point = ['asOf', 'signal']
const limits = ['limit', 'maxBytes', 'maxExamined', 'deadlineMs']
const paging = ['cursor', 'onSnapshotLost']
const selection = ['from', 'to', 'validAt', 'members', 'ids', 'keys', 'where']
const find = ['columns', 'newestFirst', ...paging, ...selection, ...point]
const walk = [
  'hops',
  'order',
  'fromRole',
  'toRole',
  'maxFrontier',
  ...selection,
  ...limits,
  ...point,
]
const pair = ['withinMs', 'distanceMs', 'sharedMin', 'leftRole', 'rightRole']

/** The fields of what callers give, by what it is called in messages. */
const fieldsOf = {
  'a read of one': ['asOf'],
  'a snapshot': ['asOf'],
  'a write': ['durability'],
  'a find': [...find, ...limits],
  'a count': [...selection, ...point],
  pages: [...find, 'pageRows', 'pageBytes', 'maxExamined', 'deadlineMs'],
  'an aggregate': ['groupBy', 'measures', 'top', ...selection, ...limits, ...point],
  'the top of an aggregate': ['by', 'count'],
  'a walk': ['seeds', ...walk],
  'a path': ['seed', 'target', ...walk],
  'a join': ['left', 'right', ...pair, ...limits, ...point],
  'a side of a join': ['table', ...selection],
  'a find of nodes': ['nodes', 'where', 'columns', ...limits, ...paging, ...point],
  'the declaration of a table': ['properties', 'indexes', 'ttlMs', 'historyMs', 'arityMax'],
  'the options of a table': ['ttlMs', 'historyMs', 'arityMax'],
  // The rows of a result are taken as well.
  'a hyperedge': 'at until members roles weight label key props id arity seq'.split(' '),
  'a batch of columns': 'at until memberOffsets members roles weight label key props'.split(' '),
  'a member': ['node', 'role'],
} as const

/** What has fields of its own. */
export type Fielded = keyof typeof fieldsOf

const sets = new Map<string, ReadonlySet<string>>(
  Object.entries(fieldsOf).map(([what, names]) => [what, new Set(names)]),
)
const none: ReadonlySet<string> = new Set()

/**
 * Throws `invalid` unless the value is an object that has no other fields: what is misspelt would
 * otherwise be as good as not given.
 */
export function assertFields(value: unknown, what: Fielded): void {
  if (typeof value !== 'object' || value === null) {
    throw invalid(`${what} must be an object, not ${quote(value)}`)
  }
  const known = sets.get(what) ?? none
  for (const name in value) {
    if (!known.has(name)) {
      throw invalid(`${what} has no ${quote(name)}; known are ${[...known].join(', ')}`)
    }
  }
}
