import { writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { onFaultPoint } from '@hypermesh/object-store'
import { openPlatform } from './_platform.ts'

// Submits a job (unless the file is `-`) and waits for the end of all there are. It ends itself at the
// n-th fault point, or where the first load asks for its commit (`commit`).
const [root = '', source = '-', where = '0'] = process.argv.slice(2)
const die = () => process.kill(process.pid, 'SIGKILL')
const platform = await openPlatform(root, {
  catalogThrough: (inner) => (request, context) => {
    if (where === 'commit' && request.url.endsWith('/append-files')) die()
    return inner(request, context)
  },
})
const { client } = platform
let reached = 0
onFaultPoint(() => {
  reached += 1
  if (reached === Number(where)) die()
})
if (source !== '-') {
  const body = await readFile(source)
  await client.submitIngest('crash.t', { body, format: 'csv', again: true })
  writeSync(1, 'accepted ')
}
const { jobs } = await client.listJobs()
for (const { id } of jobs) await client.waitForJob(id)
writeSync(1, 'ended ')
await platform[Symbol.asyncDispose]()
onFaultPoint(undefined)
writeSync(1, 'unreached')
