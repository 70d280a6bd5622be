/**
 * Appends to a table and dies by SIGKILL at one fault point. Arguments: directory, commit ids of
 * appends that land together, point, and whether a checkpoint is due with them. Prints "acknowledged"
 * once the replies are there.
 */
import { writeSync } from 'node:fs'
import { onFaultPoint } from '@hypermesh/object-store'
import { openCatalog, schema } from './_catalog.ts'

const [root = '', ids = '', point = '0', checkpointEvery = '100'] = process.argv.slice(2)
const commitIds = ids.split(',')
const catalog = await openCatalog(root, {
  checkpointEvery: Number(checkpointEvery),
  groupsOf: commitIds.length,
})
const files = await Promise.all(commitIds.map((id) => catalog.dataFile('n.t', id, 10)))
const known = await catalog.client.loadTable('n.t').catch(() => undefined)
const base = known && {
  tableUuid: known.metadata['table-uuid'],
  schemaId: known.metadata['current-schema-id'],
}
onFaultPoint((reached) => {
  if (reached === Number(point)) process.kill(process.pid, 'SIGKILL')
})
await Promise.all(
  commitIds.map((commitId, index) =>
    catalog.client.appendFiles('n.t', {
      commitId,
      mode: 'append',
      files: files.slice(index, index + 1),
      base: base ?? null,
      ...(base ? {} : { schema }),
    }),
  ),
)
writeSync(1, 'acknowledged')
onFaultPoint(undefined)
await catalog[Symbol.asyncDispose]()
