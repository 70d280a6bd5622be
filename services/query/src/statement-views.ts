import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { type DuckSession, type PlannedView, type ViewName, viewStatement } from '@hypermesh/duckdb'
import type { PlannedScan } from './explain-scans.ts'
import { type Resolution, type ResolvedVirtual, wrongView } from './resolved-table.ts'
import { selectFrom } from './scan-view.ts'
import type { OpenVirtualTable, VirtualTables } from './virtual-tables.ts'

export interface OpenedVirtual extends OpenVirtualTable {
  readonly view: ViewName
}

/** The virtual tables of a statement with the files that they have now. */
export async function openVirtuals(
  session: DuckSession,
  virtuals: readonly ResolvedVirtual[],
  virtualTables: VirtualTables,
  signal: AbortSignal,
): Promise<OpenedVirtual[]> {
  const opened: OpenedVirtual[] = []
  for (const { view, definition } of virtuals) {
    opened.push({ view, ...(await virtualTables.open(session, definition, signal)) })
  }
  return opened
}

/** Gives the session everything that the statement names, as views. */
export async function createViews(
  session: DuckSession,
  named: {
    readonly scans: readonly PlannedScan[]
    readonly virtuals: readonly OpenedVirtual[]
    readonly views: Resolution['views']
  },
  signal: AbortSignal,
): Promise<void> {
  await session.run(viewsOf(named.scans, named.virtuals), { signal })
  await makeViews(session, named.views, signal)
}

/** Views of the catalog one by one, so that an error names the one that is out of step. */
async function makeViews(
  session: DuckSession,
  views: readonly PlannedView[],
  signal: AbortSignal,
): Promise<void> {
  for (const view of views) {
    const schema = `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(view.schema)};`
    try {
      await session.run(`${schema}${viewStatement(view)}`, { signal })
    } catch (error) {
      if (!(error instanceof HyperMeshError) || error.code !== 'invalid') throw error
      const name = { namespace: view.schema, table: view.view }
      throw wrongView(name, `does not fit what it reads: ${error.message}`)
    }
  }
}

function viewsOf(scans: readonly PlannedScan[], virtuals: readonly OpenedVirtual[]): string {
  const views = [
    ...scans.map(({ table, scan }) => ({ view: table.view, sql: selectFrom(table, scan) })),
    ...virtuals,
  ]
  const schemas = new Set(views.map(({ view }) => view.schema))
  const statements = [
    ...[...schemas].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`),
    ...views.map(({ view: { schema, view }, sql }) => {
      return `CREATE VIEW ${quoteIdentifier(schema)}.${quoteIdentifier(view)} AS ${sql};`
    }),
  ]
  return statements.length === 0 ? 'SELECT 1' : statements.join('\n')
}
