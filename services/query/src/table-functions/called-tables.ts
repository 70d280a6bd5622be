import { type CallDetail, HyperMeshError, type Limits, quoteIdentifier } from '@hypermesh/contract'
import {
  type DuckSession,
  type PlannedTable,
  quoteText,
  type ScanFilter,
  stageArrowStream,
  type TableCall,
  type ViewName,
} from '@hypermesh/duckdb'
import { hyperedges } from './hyperedges.ts'
import { khop } from './khop.ts'
import { members } from './members.ts'
import type { Answer, AnswerColumn, Peers, TableFunction } from './table-function.ts'
import { vectorSearch } from './vector-search.ts'

const functions: ReadonlyMap<string, TableFunction> = new Map(
  [vectorSearch, hyperedges, members, khop].map((each) => [each.name, each]),
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
    readonly limits: Limits
    readonly signal: AbortSignal
  },
): Promise<CallDetail[]> {
  if (described.length === 0) return []
  const { filterOf, signal } = context
  if (!haveSchema.has(session)) {
    await session.run(`CREATE SCHEMA ${quoteIdentifier(schema)}`, { signal })
    haveSchema.add(session)
  }
  const details: CallDetail[] = []
  for (const table of described) {
    if (context.empty) {
      await createRows(session, table, { rows: [], signal })
      continue
    }
    const { view, call, columns } = table
    const filter = filterOf(view)
    const answer = await functionOf(call).answer(call, { ...context, columns, filter })
    const rows =
      'rows' in answer
        ? await createRows(session, table, { rows: answer.rows, signal })
        : await createStaged(session, table, { answer, ...context })
    details.push({ function: call.name, pushed: answer.pushed, rows })
  }
  return details
}

/** Takes from a session what `createCalledTables` gave it, but for the schema. */
export async function dropCalledTables(
  session: DuckSession,
  called: readonly CalledTable[],
): Promise<void> {
  if (called.length === 0) return
  const drops = called.map(
    (table) => `DROP VIEW ${quoted(table.view)}; DROP TABLE ${staged(table)};`,
  )
  await session.run(drops.join(''))
}

/** Sessions that another statement with calls has had. */
const haveSchema = new WeakSet<DuckSession>()

/** Temporary tables are found before all others, but no table of a user is called so. */
const stagedName = ({ view }: CalledTable) => `${view.view}@`
const staged = (table: CalledTable) => `temp.${quoteIdentifier(stagedName(table))}`

async function createRows(
  session: DuckSession,
  described: DescribedTable,
  staging: {
    readonly rows: readonly Readonly<Record<string, unknown>>[]
    readonly signal: AbortSignal
  },
): Promise<number> {
  const { view, columns } = described
  const { rows, signal } = staging
  const table = staged(described)
  const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`)
  const made = `CREATE OR REPLACE TEMP TABLE ${table} (${list.join(', ')})`
  await session.run(`${made}; CREATE VIEW ${quoted(view)} AS FROM ${table}`, { signal })
  if (rows.length === 0) return 0
  const form = Object.fromEntries(columns.map(({ name, type }) => [name, type]))
  const read = `from_json($1, ${quoteText(JSON.stringify([form]))})`
  await session.run(`INSERT INTO ${table} SELECT unnest(${read}, recursive := true)`, {
    parameters: { values: [JSON.stringify(rows)] },
    signal,
  })
  return rows.length
}

/** What the stream holds is staged as it is; the columns are made of it when they are read. */
async function createStaged(
  session: DuckSession,
  described: DescribedTable,
  staging: {
    readonly answer: Extract<Answer, { arrow: unknown }>
    readonly limits: Limits
    readonly signal: AbortSignal
  },
): Promise<number> {
  const { answer, limits, signal } = staging
  const table = stagedName(described)
  const { columns, rows } = await stageArrowStream(session, answer.arrow, {
    table,
    arrowBatchBytesMax: limits.arrowBatchBytesMax,
    unpackedBytesMax: limits.sqlCallBytesMax,
    signal,
  })
  await session.run(
    `CREATE VIEW ${quoted(described.view)} AS ${answer.select(staged(described), columns)}`,
    { signal },
  )
  return rows
}

const quoted = ({ schema: of, view }: ViewName) => `${quoteIdentifier(of)}.${quoteIdentifier(view)}`

function functionOf(call: TableCall): TableFunction {
  const found = functions.get(call.name)
  if (found === undefined) throw new RangeError(`nobody answers ${call.name}`)
  return found
}
