import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import {
  type DuckSession,
  type PlannedTable,
  quoteText,
  type ScanFilter,
  type TableCall,
  type ViewName,
} from '@hypermesh/duckdb'
import type { AnswerColumn, Peers, TableFunction } from './table-function.ts'
import { vectorSearch } from './vector-search.ts'

const functions: ReadonlyMap<string, TableFunction> = new Map(
  [vectorSearch].map((each) => [each.name, each]),
)

/** What the guard lets through because it is answered here. */
export const tableFunctionNames: ReadonlySet<string> = new Set(functions.keys())

/** No namespace is called so: names have no such character. */
const schema = 'called@'

/** A call of a statement or of a view in it, and the table that will stand for it. */
export interface CalledTable {
  readonly view: ViewName
  readonly call: TableCall
}

export interface DescribedTable extends CalledTable {
  readonly columns: readonly AnswerColumn[]
}

/** Names the tables of the calls of one statement, which may not be more than `callsMax`. */
export class CalledTables {
  readonly tables: CalledTable[] = []
  readonly #callsMax: number

  constructor(callsMax: number) {
    this.#callsMax = callsMax
  }

  add(calls: readonly TableCall[]): ViewName[] {
    const count = this.tables.length + calls.length
    if (count > this.#callsMax) {
      const message = `the statement and its views make ${count} calls; at most ${this.#callsMax}`
      throw new HyperMeshError('too_large', message, {
        details: { reason: 'call', limit: 'sql_calls_max', callsMax: this.#callsMax },
      })
    }
    return calls.map((call) => {
      const view = { schema, view: `${call.name}_${this.tables.length + 1}` }
      this.tables.push({ view, call })
      return view
    })
  }
}

export async function describeCalls(
  called: readonly CalledTable[],
  peers: Peers,
  signal: AbortSignal,
): Promise<DescribedTable[]> {
  const described: DescribedTable[] = []
  for (const { view, call } of called) {
    const columns = await functionOf(call).columns(call, peers, signal)
    described.push({ view, call, columns })
  }
  return described
}

export function toPlannedTable({ view, columns }: DescribedTable): PlannedTable {
  return { ...view, columns }
}

/** Gives the session a table for each call: with the answer, or empty where nothing is to run. */
export async function createCalledTables(
  session: DuckSession,
  described: readonly DescribedTable[],
  context: {
    readonly peers: Peers
    readonly filterOf: (view: ViewName) => ScanFilter | undefined
    readonly empty: boolean
    readonly signal: AbortSignal
  },
): Promise<void> {
  if (described.length === 0) return
  const { peers, filterOf, signal } = context
  await session.run(`CREATE SCHEMA ${quoteIdentifier(schema)}`, { signal })
  for (const { view, call, columns } of described) {
    const table = `${quoteIdentifier(view.schema)}.${quoteIdentifier(view.view)}`
    const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`)
    await session.run(`CREATE TABLE ${table} (${list.join(', ')})`, { signal })
    if (context.empty) continue
    const filter = filterOf(view)
    const rows = await functionOf(call).rows(call, { peers, columns, filter, signal })
    if (rows.length === 0) continue
    const form = Object.fromEntries(columns.map(({ name, type }) => [name, type]))
    const read = `from_json($1, ${quoteText(JSON.stringify([form]))})`
    await session.run(`INSERT INTO ${table} SELECT unnest(${read}, recursive := true)`, {
      parameters: { values: [JSON.stringify(rows)] },
      signal,
    })
  }
}

function functionOf(call: TableCall): TableFunction {
  const found = functions.get(call.name)
  if (found === undefined) throw new RangeError(`nobody answers ${call.name}`)
  return found
}
