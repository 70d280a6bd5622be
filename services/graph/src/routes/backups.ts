import { createGraphBackupRequest, restoreGraphDatabaseRequest } from '@hypermesh/contract'
import { type App, readJson, type Visit } from '@hypermesh/kit'
import type { GraphBackups } from '../graph-backups.ts'
import type { GraphDatabases } from '../graph-databases.ts'
import { databaseOf, mountGraphRoute } from './requests.ts'

export function mountBackups(app: App, databases: GraphDatabases, backups: GraphBackups): void {
  // Also of a database that is gone.
  mountGraphRoute(app, 'listGraphBackups', async (c) =>
    c.json({ backups: await backups.list(nameOf(c)) }),
  )
  mountGraphRoute(app, 'createGraphBackup', async (c) => {
    const { backup } = await readJson(c, createGraphBackupRequest)
    return c.json(await backups.create(await databaseOf(c, databases), backup), 201)
  })
  mountGraphRoute(app, 'deleteGraphBackup', async (c) => {
    await backups.remove(nameOf(c), c.req.param('backup') ?? '')
    return c.body(null, 204)
  })
  mountGraphRoute(app, 'restoreGraphDatabase', async (c) => {
    const { backup, from } = await readJson(c, restoreGraphDatabaseRequest)
    const path = await backups.find(from ?? nameOf(c), backup)
    return c.json((await databases.restore(nameOf(c), path)).summary(), 201)
  })
  mountGraphRoute(app, 'checkGraphDatabase', async (c) => {
    const report = await (await databaseOf(c, databases)).engine.check()
    const { filesChecked: files, bytesChecked: bytes, recordsChecked: records, faults } = report
    return c.json({ files, bytes, records, faults })
  })
  mountGraphRoute(app, 'compactGraphDatabase', async (c) => {
    const database = await databaseOf(c, databases)
    await database.engine.compact()
    return c.json(await database.detail())
  })
}

function nameOf(c: Visit): string {
  return c.req.param('database') ?? ''
}
