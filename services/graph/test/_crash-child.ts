/**
 * Does one thing to a database and dies by SIGKILL at one fault point. Arguments: directory, step, point.
 * Prints "acknowledged" once the answer is there.
 */
import { writeSync } from 'node:fs'
import { onFaultPoint } from '@hypermesh/object-store'
import { openGraph } from './_graph.ts'

const [directory = '', step = '', point = '0'] = process.argv.slice(2)
const steps: Readonly<Record<string, readonly [string, string, unknown?]>> = {
  create: ['PUT', '/fresh'],
  drop: ['DELETE', '/old'],
  backup: ['POST', '/old/backups', { backup: 'b' }],
  'delete backup': ['DELETE', '/old/backups/kept'],
  restore: ['POST', '/fresh/restore', { backup: 'kept', from: 'old' }],
}
const graph = await openGraph({ directory })
onFaultPoint((reached) => {
  if (reached === Number(point)) process.kill(process.pid, 'SIGKILL')
})
const [method, path, body] = steps[step] ?? ['GET', '']
await graph.call(method, path, body)
writeSync(1, 'acknowledged')
onFaultPoint(undefined)
await graph[Symbol.asyncDispose]()
