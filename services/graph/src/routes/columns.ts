import type { App } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { NodeKinds } from '../node-kinds.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

export function mountColumns(app: App, databases: GraphDatabases): void {
  const kinds = new NodeKinds()
  mountGraphRoute(app, 'graphColumns', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const { nodes, seq } = await kinds.of(database, table.name, c.var.signal)
    const { properties } = table.schema
    const types = Object.fromEntries(properties.map(({ name, type }) => [name, type]))
    return c.json({ nodes, seq, properties: types })
  })
}
