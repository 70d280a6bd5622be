import type { App } from '@hypermesh/kit'
import type { GraphDatabases } from './graph-databases.ts'
import { mountDatabases } from './routes/databases.ts'
import { mountHyperedges } from './routes/hyperedges.ts'
import { mountTables } from './routes/tables.ts'

export interface GraphParts {
  readonly databases: GraphDatabases
}

export function mountGraph(app: App, { databases }: GraphParts): void {
  mountDatabases(app, databases)
  mountTables(app, databases)
  mountHyperedges(app, databases)
}
