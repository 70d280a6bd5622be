// The engine in a process of its own: all hyperedges of a table as an Arrow stream, whenever it is asked.
//
//   taskset -c 1 node --import tsx raw-child.ts DIRECTORY
import { Database } from '@hypermesh/engine'

await using database = await Database.open(process.argv[2] ?? '', { readOnly: true })
const table = database.table('edges')

process.send?.({ ready: true })
for await (const _ of asked()) {
  const began = performance.now()
  let rows = 0
  let bytes = 0
  for await (const batch of table.pages()) {
    rows += batch.rowCount
    bytes += (await batch.toIPC()).length
  }
  process.send?.({ rows, bytes, ms: performance.now() - began })
}

async function* asked(): AsyncGenerator<unknown> {
  let wake: () => void = () => undefined
  let waiting = 0
  let isOver = false
  process.on('message', () => {
    waiting++
    wake()
  })
  process.on('disconnect', () => {
    isOver = true
    wake()
  })
  for (;;) {
    while (waiting === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve))
    if (isOver) return
    waiting--
    yield undefined
  }
}
