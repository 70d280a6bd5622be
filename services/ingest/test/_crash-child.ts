/**
 * Loads a file and dies by SIGKILL at one fault point. Arguments: data directory, source, point.
 * Prints "acknowledged" once the receipt is there, and "unreached" if the point never came.
 */
import { writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { onFaultPoint } from '@hypermesh/object-store'
import { openPlatform } from './_platform.ts'

const [root = '', source = '', point = '0'] = process.argv.slice(2)
const platform = await openPlatform(root)
const body = await readFile(source)
let reached = 0
onFaultPoint(() => {
  reached += 1
  if (reached === Number(point)) process.kill(process.pid, 'SIGKILL')
})
await platform.client.ingest('crash.t', { body, format: 'csv' })
writeSync(1, 'acknowledged')
onFaultPoint(undefined)
writeSync(1, ' unreached')
await platform[Symbol.asyncDispose]()
