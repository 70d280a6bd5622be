import { ByteWriter } from './byte-writer.ts'
import { ColumnBatch } from './column-batch.ts'
import type { CellSource } from './column-cells.ts'
import { NodeKeys } from './node-keys.ts'
import { writeFind } from './plans.ts'
import { ResultBuffer, resultMagic, valueTypes } from './result-buffer.ts'
import { columnLabelsOf } from './result-names.ts'
import { TableLayout } from './schema.ts'
import { SymbolCache } from './symbol-cache.ts'

const layout = new TableLayout({
  id: 1,
  name: 'rehearsal',
  properties: [],
  indexes: {},
  ttlMs: null,
  historyMs: null,
  arityMax: 1,
})
/** Not asked: the result has no labels, and its keys are with it. */
const nothing = () => new ArrayBuffer(0)
const source: CellSource = {
  symbols: new SymbolCache(nothing),
  nodes: new NodeKeys({ keysOf: nothing }),
  timeUnit: 'us',
}
let isDone = false

/**
 * Encodes a find and reads a result of one hyperedge, so that what both run is compiled while this
 * thread waits for a database to open: at the first find of a process it takes as long as all of the
 * core's work. Later calls do nothing.
 */
export function rehearseFind(): void {
  if (isDone) return
  isDone = true
  const columns = ['id', 'at', 'members']
  const writer = new ByteWriter()
  writeFind(writer, { from: 0, to: 1, members: 1, columns }, { layout, timeUnit: 'us' })
  const batch = new ColumnBatch(new ResultBuffer(resultOfOne()), source, columnLabelsOf(layout))
  for (const values of [batch.ids, batch.members]) void values[0]
  batch.rows()
}

/** As the core would write it: the hyperedge 1 at 0 with the node 0. */
function resultOfOne(): ArrayBuffer {
  const words = new Uint32Array(50)
  words.set([resultMagic, 1, 1, 3])
  words.set([valueTypes.f64 | (1 << 8), 160, 1], 16)
  words.set([valueTypes.i64 | (2 << 8), 168, 1], 24)
  words.set([valueTypes.list | (7 << 8), 176, 1, 184, 0, 192], 32)
  new Float64Array(words.buffer)[20] = 1
  words[47] = 1
  return words.buffer
}
