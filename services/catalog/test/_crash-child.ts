/**
 * Appends to a table and dies by SIGKILL at one fault point. Arguments: directory, commit id, point,
 * and whether a checkpoint is due with it. Prints "acknowledged" once the reply is there.
 */
import { writeSync } from 'node:fs'
import { onFaultPoint } from '@hypermesh/object-store'
import { openCatalog, schema } from './_catalog.ts'

const [root = '', commitId = '', point = '0', checkpointEvery = '100'] = process.argv.slice(2)
const catalog = await openCatalog(root, { checkpointEvery: Number(checkpointEvery) })
const file = await catalog.dataFile('n.t', commitId, 10)
const known = await catalog.client.loadTable('n.t').catch(() => undefined)
const base = known && {
  tableUuid: known.metadata['table-uuid'],
  schemaId: known.metadata['current-schema-id'],
}
onFaultPoint((reached) => {
  if (reached === Number(point)) process.kill(process.pid, 'SIGKILL')
})
await catalog.client.appendFiles('n.t', {
  commitId,
  mode: 'append',
  files: [file],
  base: base ?? null,
  ...(base ? {} : { schema }),
})
writeSync(1, 'acknowledged')
onFaultPoint(undefined)
await catalog[Symbol.asyncDispose]()
