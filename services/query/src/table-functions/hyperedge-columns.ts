import type { GraphColumns } from '@hypermesh/contract'
import { HyperMeshError, identifierPattern, printable, quoteIdentifier } from '@hypermesh/contract'
import type { StagedColumn, TableCall } from '@hypermesh/duckdb'
import { textArgument, wrongCall } from './call-arguments.ts'
import type { AnswerColumn, Peers } from './table-function.ts'

/** A column of a hyperedge as SQL has it, and what the graph service calls it. */
export interface HyperedgeColumn extends AnswerColumn {
  /** In conditions. */
  readonly column: string
  /** In an Arrow stream. */
  readonly streamed: string
}

export function isHyperedgeColumn(column: AnswerColumn): column is HyperedgeColumn {
  return 'streamed' in column
}

const propertyTypes: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  string: 'VARCHAR',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
}

/** What every hyperedge has, before its properties. */
export function fixedColumns(node: 'BIGINT' | 'VARCHAR'): HyperedgeColumn[] {
  const fixed = (name: string, type: string, column: string) => {
    return { name, type, column, streamed: column }
  }
  return [
    fixed('id', 'BIGINT', 'id'),
    fixed('event_ts', 'TIMESTAMP WITH TIME ZONE', 'at'),
    fixed('until', 'TIMESTAMP WITH TIME ZONE', 'until'),
    fixed('members', `${node}[]`, 'members'),
    fixed('roles', 'VARCHAR[]', 'roles'),
    fixed('weight', 'DOUBLE', 'weight'),
    fixed('label', 'VARCHAR', 'label'),
    fixed('key', 'VARCHAR', 'key'),
  ]
}

/** Columns of hyperedges that streams have, whose names no property has there. */
const streamedNames = new Set([
  ...['id', 'at', 'until', 'weight', 'label', 'key', 'members', 'membersInteger', 'roles'],
  ...['arity', 'seq'],
])

/** The properties, `props.<name>` where a column is called so already. */
export function propertyColumns(
  { properties }: GraphColumns,
  taken: readonly AnswerColumn[],
): HyperedgeColumn[] {
  const names = new Set(taken.map(({ name }) => name.toLowerCase()))
  return Object.entries(properties).map(([property, type]) => {
    const isTaken = names.has(property.toLowerCase())
    const name = isTaken ? `props.${property}` : property
    names.add(name.toLowerCase())
    return {
      name,
      type: propertyTypes[type] ?? 'VARCHAR',
      column: `props.${property}`,
      streamed: streamedNames.has(property) ? `props.${property}` : property,
    }
  })
}

/**
 * Nodes are numbers in SQL where all of the table are, so that they join with keys of either kind: as
 * the ids of vectors are. A table without hyperedges has texts.
 */
export function nodeType({ nodes }: GraphColumns): 'BIGINT' | 'VARCHAR' {
  return nodes === 'number' ? 'BIGINT' : 'VARCHAR'
}

export function describeTable(
  call: TableCall,
  { graph }: Peers,
  signal: AbortSignal,
): Promise<GraphColumns> {
  return graph.graphColumns(tableOf(call), { signal })
}

/** The hyperedge table that a call names first. */
export function tableOf(call: TableCall): { readonly database: string; readonly table: string } {
  const text = textArgument(call, 'table', call.positional[0]?.value)
  if (text === undefined) {
    throw wrongCall(call, 'needs the name of its table, where it is checked too: give a default')
  }
  const [database = '', table = '', ...rest] = text.split('.')
  const isName = [database, table].every((name) => identifierPattern.test(name))
  if (isName && rest.length === 0) return { database, table }
  throw wrongCall(call, `takes 'database.table', which "${printable(text)}" is not`)
}

/** The expression that makes a column of what a stream has. */
export function castOf(
  { name, type, streamed }: HyperedgeColumn,
  staged: readonly StagedColumn[],
): string {
  const found = staged.find((each) => each.name === streamed)
  if (found === undefined) {
    throw new HyperMeshError('upstream', `the graph service sent no column ${printable(streamed)}`)
  }
  const column = quoteIdentifier(streamed)
  return `${found.type === type ? column : `CAST(${column} AS ${type})`} AS ${quoteIdentifier(name)}`
}
