import { EngineError, quote } from '../errors.ts'

/** The fields of the hypergraph interchange format that are published, checked. */
export interface HifDocument {
  readonly networkType: 'undirected' | 'directed' | 'asc' | undefined
  readonly metadata: Attributes
  readonly incidences: readonly HifIncidence[]
  readonly nodes: readonly HifNode[]
  readonly edges: readonly HifEdge[]
}

/** Free-form, by the format. */
export type Attributes = Readonly<Record<string, unknown>>
/** Text or an integer. */
export type HifId = string | number

export interface HifIncidence {
  readonly edge: HifId
  readonly node: HifId
  readonly weight: number | undefined
  readonly direction: 'head' | 'tail' | undefined
  readonly attrs: Attributes
}

export interface HifNode {
  readonly node: HifId
  readonly weight: number | undefined
  readonly attrs: Attributes
}

export interface HifEdge {
  readonly edge: HifId
  readonly weight: number | undefined
  readonly attrs: Attributes
}

const networkTypes = ['undirected', 'directed', 'asc'] as const
const directions = ['head', 'tail'] as const
const topFields = ['network-type', 'metadata', 'incidences', 'nodes', 'edges']

/** Checks a parsed document. @throws EngineError `invalid` with the path of what is wrong */
export function parseHif(value: unknown): HifDocument {
  const document = toRecord(value, 'the document')
  for (const name of Object.keys(document)) {
    if (!topFields.includes(name)) throw wrong(name, 'is no field of the format')
  }
  if (document.incidences === undefined) throw wrong('incidences', 'is missing')
  return {
    networkType: toChoice(document['network-type'], networkTypes, 'network-type'),
    metadata: toAttributes(document.metadata, 'metadata'),
    incidences: toList(document.incidences, 'incidences').map(toIncidence),
    nodes: toList(document.nodes, 'nodes').map(toNode),
    edges: toList(document.edges, 'edges').map(toEdge),
  }
}

function toIncidence(value: unknown, place: number): HifIncidence {
  const path = `incidences[${place}]`
  const fields = toRecord(value, path, ['edge', 'node', 'weight', 'direction', 'attrs'])
  return {
    edge: toId(fields.edge, `${path}.edge`),
    node: toId(fields.node, `${path}.node`),
    weight: toWeight(fields.weight, `${path}.weight`),
    direction: toChoice(fields.direction, directions, `${path}.direction`),
    attrs: toAttributes(fields.attrs, `${path}.attrs`),
  }
}

function toNode(value: unknown, place: number): HifNode {
  const path = `nodes[${place}]`
  const fields = toRecord(value, path, ['node', 'weight', 'attrs'])
  return {
    node: toId(fields.node, `${path}.node`),
    weight: toWeight(fields.weight, `${path}.weight`),
    attrs: toAttributes(fields.attrs, `${path}.attrs`),
  }
}

function toEdge(value: unknown, place: number): HifEdge {
  const path = `edges[${place}]`
  const fields = toRecord(value, path, ['edge', 'weight', 'attrs'])
  return {
    edge: toId(fields.edge, `${path}.edge`),
    weight: toWeight(fields.weight, `${path}.weight`),
    attrs: toAttributes(fields.attrs, `${path}.attrs`),
  }
}

function toRecord(
  value: unknown,
  path: string,
  known?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(path, 'must be an object')
  }
  const unknown = known && Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw wrong(`${path}.${unknown}`, 'is no field of the format')
  return value as Readonly<Record<string, unknown>>
}

function toList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong(path, 'must be an array')
  return value
}

function toAttributes(value: unknown, path: string): Attributes {
  return value === undefined ? {} : toRecord(value, path)
}

function toId(value: unknown, path: string): HifId {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as HifId
  throw wrong(path, `must be text or an integer, not ${quote(value)}`)
}

function toWeight(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw wrong(path, 'must be a number')
}

function toChoice<Choice extends string>(
  value: unknown,
  choices: readonly Choice[],
  path: string,
): Choice | undefined {
  if (value === undefined) return undefined
  const choice = choices.find((one) => one === value)
  if (choice === undefined) throw wrong(path, `must be one of ${choices.join(', ')}`)
  return choice
}

function wrong(path: string, what: string): EngineError {
  return new EngineError('invalid', `${path} ${what}`)
}
