/**
 * Brings a feed or a publication up to date and dies by SIGKILL at one point of that: before, amid or
 * after a commit of the engine, or at a fault point of ingest, the catalog and the rest. Arguments:
 * directory, step, point as "name#n"; at none where it is not given. Prints the points as they come, a
 * line each, and "acknowledged" once the answer is there.
 */
import { writeSync } from 'node:fs'
import {
  Database,
  type Transaction,
  type TransactionResult,
  type WriteOptions,
} from '@hypermesh/engine'
import { onFaultPoint } from '@hypermesh/object-store'
import { startPlatform } from '@hypermesh/testing'

const [directory = '', step = '', fatal = ''] = process.argv.slice(2)
const platform = await startPlatform({ directory })
const { writer } = platform.clients
const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  appended: () => writer.syncGraphFeed('g.appended'),
  keyed: () => writer.syncGraphFeed('g.keyed'),
  publication: () => writer.syncGraphPublication('g.published'),
}
const counts = new Map<string, number>()

function pass(name: string): void {
  const count = (counts.get(name) ?? 0) + 1
  counts.set(name, count)
  const point = `${name}#${count}`
  writeSync(1, `${point}\n`)
  if (point === fatal) process.kill(process.pid, 'SIGKILL')
}

// The log is written in C++, whose own points are the engine's tests; here its commits are points.
const commit = Database.prototype.transaction
Database.prototype.transaction = async function <Value>(
  this: Database,
  work: (transaction: Transaction) => Promise<Value> | Value,
  options?: WriteOptions,
) {
  pass('commit:before')
  // By then the commit is with the thread that writes it.
  setImmediate(() => pass('commit:amid'))
  const result = await commit.call(this, work, options)
  pass('commit:after')
  // It is what the function returned, which \`call\` does not tell.
  return result as TransactionResult<Value>
}
onFaultPoint((_, name) => pass(name))
await steps[step]?.()
writeSync(1, 'acknowledged\n')
onFaultPoint(undefined)
await platform[Symbol.asyncDispose]()
