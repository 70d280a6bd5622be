/**
 * One of several processes that load into the same table of the same directory.
 * Arguments: directory, name of this process, how many loads. Prints one line per receipt.
 */
import { startPlatform } from '@hypermesh/testing'

const [directory = '', name = '', loads = '0'] = process.argv.slice(2)
await using platform = await startPlatform({ directory })
for (let load = 0; load < Number(loads); load++) {
  const receipt = await platform.clients.writer.ingest('race.rows', {
    body: `who,load\n${name},${load}\n`,
    format: 'csv',
  })
  console.log(JSON.stringify({ result: receipt.result, snapshotId: receipt.snapshotId, load }))
}
