import type { IngestMode, SchemaChange } from '@hypermesh/contract'

/** A timestamp or a date is its wire form; a long beyond 2^53 is a bigint. */
export type Value = null | boolean | number | bigint | string

/** Iceberg's types that the model knows, and what SQL calls them. */
export const sqlTypes = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
} as const
export type ColumnType = keyof typeof sqlTypes

export const widerTypes: { readonly [from in ColumnType]?: ColumnType } = {
  int: 'long',
  float: 'double',
}

export interface FileColumn {
  readonly name: string
  readonly type: ColumnType
}

/** What a file says, whatever its format. */
export interface FileContent {
  readonly columns: readonly FileColumn[]
  readonly rows: readonly (readonly Value[])[]
}

interface ModelColumn extends FileColumn {
  /** Stays when the name changes; none is used again. */
  readonly id: number
}

/** A table as a list of rows. A state never changes, so each snapshot keeps its own. */
export interface TableState {
  readonly columns: readonly ModelColumn[]
  /** Values by column id; one that is absent is null. */
  readonly rows: readonly ReadonlyMap<number, Value>[]
  readonly lastId: number
}

const noTable: TableState = { columns: [], rows: [], lastId: 0 }

/** A file that goes into a table, or makes one. */
export function loadFile(
  before: TableState | undefined,
  file: FileContent,
  mode: IngestMode,
): { readonly state: TableState; readonly schemaChanges: readonly SchemaChange[] } {
  let state = before ?? noTable
  const widened: SchemaChange[] = []
  for (const column of state.columns) {
    const type = file.columns.find(({ name }) => name === column.name)?.type ?? column.type
    if (widerTypes[column.type] !== type) continue
    state = alterColumn(state, column.name, { type })
    widened.push({ kind: 'widen-column', column: column.name, from: column.type, to: type })
  }
  const added = file.columns.filter(({ name }) => !hasColumn(state, name))
  for (const column of added) state = addColumn(state, column)
  const idOf = new Map(state.columns.map(({ name, id }) => [name, id]))
  const ids = file.columns.map(({ name }) => idOf.get(name) ?? 0)
  const loaded = file.rows.map((row) => new Map(row.map((value, at) => [ids[at] ?? 0, value])))
  const rows = mode === 'overwrite' ? loaded : [...state.rows, ...loaded]
  const adds = added.map(({ name, type }): SchemaChange => {
    return { kind: 'add-column', column: name, to: type }
  })
  const schemaChanges: SchemaChange[] =
    before === undefined ? [{ kind: 'create-table' }] : [...widened, ...adds]
  return { state: { ...state, rows }, schemaChanges }
}

export function hasColumn({ columns }: TableState, name: string): boolean {
  return columns.some((column) => column.name === name)
}

export function addColumn(state: TableState, column: FileColumn): TableState {
  const id = state.lastId + 1
  return { ...state, columns: [...state.columns, { ...column, id }], lastId: id }
}

export function alterColumn(
  state: TableState,
  name: string,
  change: Partial<FileColumn>,
): TableState {
  const columns = state.columns.map((each) => (each.name === name ? { ...each, ...change } : each))
  return { ...state, columns }
}

export function dropColumn(state: TableState, name: string): TableState {
  return { ...state, columns: state.columns.filter((column) => column.name !== name) }
}

/** What `SELECT * … ORDER BY id` answers of a table that has a number `id`. */
export function answerOf({ columns, rows }: TableState) {
  const idColumn = columns.find(({ name }) => name === 'id')?.id ?? 0
  const order = (row: ReadonlyMap<number, Value>) => Number(row.get(idColumn))
  return {
    columns: columns.map(({ name, type }) => ({ name, type: sqlTypes[type] })),
    rows: [...rows]
      .sort((left, right) => order(left) - order(right))
      .map((row) => columns.map(({ id }) => wireValue(row.get(id) ?? null))),
  }
}

function wireValue(value: Value) {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}
