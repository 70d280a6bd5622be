import type { RouteId } from '@hypermesh/contract'
import type { Table } from '@hypermesh/engine'
import { type App, mountRoute, type Visit } from '@hypermesh/kit'
import type { GraphDatabase } from '../graph-database.ts'
import type { GraphDatabases } from '../graph-databases.ts'
import { asGraphErrors } from '../graph-error.ts'

/** Mounts a route whose failures of the engine come out as the platform's. */
export function mountGraphRoute(
  app: App,
  id: RouteId,
  handler: (c: Visit) => Response | Promise<Response>,
): void {
  mountRoute(app, id, (c) => asGraphErrors(() => handler(c)))
}

export function databaseOf(c: Visit, databases: GraphDatabases): Promise<GraphDatabase> {
  return databases.get(c.req.param('database') ?? '')
}

export function tableNameOf(c: Visit): string {
  return c.req.param('table') ?? ''
}

/** The table that the path names, with its database. */
export async function tableOf(
  c: Visit,
  databases: GraphDatabases,
): Promise<{ readonly database: GraphDatabase; readonly table: Table }> {
  const database = await databaseOf(c, databases)
  return { database, table: database.table(tableNameOf(c)) }
}
