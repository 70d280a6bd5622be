import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { NativeDatabase } from '../lib/native-types.ts'
import { findAll, insertRows, native, openFilled } from './_raw-engine.ts'

// Ends in the middle of work, in the way that its first argument names: a child of the tests. The second
// one is a directory of its own. `done` is its last line where it gets to one.

const [how = '', directory = ''] = isMainThread ? process.argv.slice(2) : [workerData.how]

/** Commits, queries, a merge and a backup, none of them awaited. */
function keepBusy(database: NativeDatabase, path: string): void {
  const left = (promise: Promise<unknown>) => void promise.catch(() => {})
  for (let n = 0; n < 50; n++) left(native.commit(database, insertRows(100), (n % 2) as 0 | 1))
  for (let token = 1; token <= 8; token++) left(native.queryAsync(database, null, findAll(), token))
  left(native.compact(database))
  left(native.backup(database, `${path}-backup-${process.hrtime.bigint()}`))
  native.query(database, native.snapshot(database), findAll())
}

async function collected(): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const collect = globalThis.gc ?? (() => {})
  const open = async (path: string) => {
    keepBusy(await openFilled(path, 10), path)
  }
  for (let n = 0; n < 10; n++) await open(join(directory, `${n}`))
  // Each lock is free once the collector has taken what held it.
  for (let n = 0; n < 10; n++) {
    const path = join(directory, `${n}`)
    for (let opened: NativeDatabase | undefined; opened === undefined; ) {
      collect()
      opened = await native.open(path, {}).catch(() => undefined)
      if (opened !== undefined) await native.close(opened)
    }
  }
}

async function worker(): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (let round = 0; round < 6; round++) {
    const path = join(directory, `${round}`)
    const file = new URL('_worker.mjs', import.meta.url)
    const started = new Worker(file, { workerData: { script: './_binding-hazards.ts', how, path } })
    await new Promise((resolve, reject) => {
      started.once('message', resolve)
      started.once('error', reject)
    })
    if (how === 'worker-terminated') await started.terminate()
    else await new Promise((resolve) => started.once('exit', resolve))
    const database = await native.open(path, {})
    await native.close(database)
  }
}

if (!isMainThread) {
  const database = await openFilled(workerData.path, 1000)
  keepBusy(database, workerData.path)
  parentPort?.postMessage('busy')
  if (how === 'worker-exits') process.exit()
} else if (how === 'collected') {
  await collected()
  console.log('done')
} else if (how.startsWith('worker-')) {
  await worker()
  console.log('done')
} else {
  const database = await openFilled(directory, 1000)
  if (how !== 'idle') keepBusy(database, directory)
  if (how === 'exit') process.exit(7)
  if (how === 'throw') throw new Error('in the middle of work')
  console.log('done')
}
