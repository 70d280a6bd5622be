import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import {
  type DuckSession,
  makeNames,
  type SessionName,
  type ViewName,
  viewName,
} from '@hypermesh/duckdb'
import type { PlannedScan } from './explain-scans.ts'
import { type Resolution, type ResolvedVirtual, wrongView } from './resolved-table.ts'
import { selectFrom } from './scan-view.ts'
import type { OpenOptions, OpenVirtualTable, VirtualTables } from './virtual-tables.ts'

export interface OpenedVirtual extends OpenVirtualTable {
  readonly view: ViewName
}

/** The virtual tables of a statement with the files that they have now. */
export async function openVirtuals(
  session: DuckSession,
  virtuals: readonly ResolvedVirtual[],
  virtualTables: VirtualTables,
  options: Omit<OpenOptions, 'stageName'>,
): Promise<OpenedVirtual[]> {
  const opened: OpenedVirtual[] = []
  for (const [index, { view, definition }] of virtuals.entries()) {
    const staging = { ...options, stageName: `linked@${index + 1}` }
    opened.push({ view, ...(await virtualTables.open(session, definition, staging)) })
  }
  return opened
}

/**
 * Gives the session everything that the statement names, as views. Those of the catalog come one by
 * one, so that an error names the one that is out of step.
 */
export async function createViews(
  session: DuckSession,
  named: {
    readonly scans: readonly PlannedScan[]
    readonly virtuals: readonly OpenedVirtual[]
    readonly views: Resolution['views']
  },
  signal: AbortSignal,
): Promise<void> {
  const names = [
    ...named.scans.map(({ table, scan }) => overFiles(table.view, selectFrom(table, scan))),
    ...named.virtuals.map(({ view, sql }) => overFiles(view, sql)),
  ]
  await makeNames(session, names, signal)
  for (const view of named.views) {
    names.push(viewName(view))
    try {
      await makeNames(session, names, signal)
    } catch (error) {
      if (!(error instanceof HyperMeshError) || error.code !== 'invalid') throw error
      const name = { namespace: view.schema, table: view.view }
      throw wrongView(name, `does not fit what it reads: ${error.message}`)
    }
  }
}

function overFiles({ schema, view }: ViewName, select: string): SessionName {
  const sql = `CREATE VIEW ${quoteIdentifier(schema)}.${quoteIdentifier(view)} AS ${select};`
  return { schema, view, kind: 'VIEW', sql }
}
