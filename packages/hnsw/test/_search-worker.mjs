// Attaches to an index of another thread, says so, and searches it when asked; or begins to add to it.
import { parentPort, workerData } from 'node:worker_threads'
import { tsImport } from 'tsx/esm/api'

const { HnswIndex } = await tsImport('../src/index.ts', import.meta.url)
const { handle, queries, k, adds } = workerData
const index = HnswIndex.attach(handle)
if (adds !== undefined) void index.add(adds)
parentPort.on('message', async () => {
  const { slots } = await index.search(queries, { k })
  parentPort.postMessage(slots)
})
parentPort.postMessage('attached')
