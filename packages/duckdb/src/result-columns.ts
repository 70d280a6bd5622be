import type { DuckDBResult, DuckDBType } from '@duckdb/node-api'

export interface ResultColumn {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  readonly duckType: DuckDBType
}

export function resultColumns(result: DuckDBResult): ResultColumn[] {
  return result.columnNames().map((name, index) => {
    const duckType = result.columnType(index)
    return { name, type: typeText(duckType), duckType }
  })
}

/** Names made different as DuckDB does for a table: `a`, `a_1`, `a_2`. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  const given = new Set(names)
  return names.map((name) => {
    let distinct = name
    for (let count = 1; taken.has(distinct); count += 1) {
      const next = `${name}_${count}`
      distinct = given.has(next) ? distinct : next
    }
    taken.add(distinct)
    return distinct
  })
}

function typeText(type: DuckDBType): string {
  return type.alias ?? String(type)
}
