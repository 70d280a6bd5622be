import { HyperMeshError } from '@hypermesh/contract'
import { type Hyperedge, microsToText, type Table } from '@hypermesh/engine'
import type { PublishedColumn } from './published-columns.ts'

const pageRows = 4096

/** Which hyperedges: of a commit, those that came after another. */
export interface PublishedRange {
  readonly from: number
  readonly to: number
}

/**
 * Hyperedges as NDJSON, the same bytes each time: what is published is sent again after a crash, and
 * known by its bytes then.
 */
export async function* publishedRows(
  table: Table,
  columns: readonly PublishedColumn[],
  { from, to, signal }: PublishedRange & { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const where = { column: 'id', gt: from } as const
  const properties = columns.flatMap(({ property }) => (property === undefined ? [] : { property }))
  const plan = {
    columns: [...fixedColumns, ...properties],
    asOf: to,
    ...(from === 0 ? {} : { where }),
    ...{ pageRows, signal },
  }
  for await (const page of table.pages(plan)) {
    const { eventTs, validTo } = page
    const instants = instantsOf(page, columns)
    const lines = page.rows().map((row, at) => {
      const fixed = {
        id: row.id,
        event_ts: microsToText(eventTs[at] ?? 0n),
        until: row.until === null ? null : microsToText(validTo[at] ?? 0n),
        members: row.members.map((node) => nodeOf(node, columns)),
        roles: row.roles ?? row.members.map(() => null),
        weight: row.weight,
        label: row.label,
        key: row.key,
        commit_seq: row.seq,
      }
      return toLine({ ...fixed, ...propertiesOf(row, columns, (name) => instants.get(name)?.(at)) })
    })
    if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`)
  }
}

const fixedColumns = [
  ...(['id', 'at', 'until', 'members', 'roles', 'weight', 'label', 'key', 'seq'] as const),
]

type Page = Awaited<ReturnType<Table['find']>>

/** Instants exact to the microsecond, which rows have as numbers of milliseconds. */
function instantsOf(page: Page, columns: readonly PublishedColumn[]) {
  const found = columns.flatMap(({ property, type, name }) =>
    property === undefined || type !== 'timestamptz' ? [] : [{ property, name }],
  )
  return new Map(
    found.map(({ property }) => {
      const column = page.columnNames.includes(`props.${property}`) ? `props.${property}` : property
      const { values } = page.column(column)
      const micros = values as BigInt64Array
      return [property, (at: number) => microsToText(micros[at] ?? 0n)] as const
    }),
  )
}

function propertiesOf(
  { props = {} }: Hyperedge,
  columns: readonly PublishedColumn[],
  instantOf: (property: string) => string | undefined,
): Record<string, unknown> {
  const entries = columns.flatMap(({ name, property }): [string, unknown][] => {
    if (property === undefined) return []
    const value = props[property] ?? null
    return [[name, value === null ? null : (instantOf(property) ?? value)]]
  })
  return Object.fromEntries(entries)
}

function nodeOf(node: string | number | bigint, columns: readonly PublishedColumn[]) {
  const isNumber = columns.find(({ name }) => name === 'members')?.element === 'long'
  if (!isNumber) return String(node)
  if (typeof node !== 'string' && node < 2n ** 63n) return node
  throw new HyperMeshError(
    'type_mismatch',
    'a node is a text, or beyond 64 bits: publish nodes as text',
    { details: { reason: 'text-node' } },
  )
}

/** As JSON, integers beyond 2^53 as the digits that they have. */
function toLine(row: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? `${bigMark}${value}` : value,
  )
  return text.includes(bigMark) ? text.replace(bigPattern, '$1') : text
}

const bigMark = '\ue000hm-int:'
const bigPattern = /"\ue000hm-int:(-?\d+)"/g
