import { Batch } from './batch.ts'
import type { ColumnBatch } from './column-batch.ts'
import type { NativeAddon, NativeDatabase, NativeSnapshot } from './native-types.ts'
import { NewestView, PinnedView } from './read-view.ts'
import { CommitReceipt } from './receipt.ts'
import { resultMagic, valueTypes } from './result-buffer.ts'
import { nodeTableName } from './schema.ts'
import { Session } from './session.ts'
import { type Hyperedge, TableReader } from './table-reader.ts'

const table = { properties: [], indexes: [], ttl: null, history: null, arityMax: 1 }
const schema = {
  version: '1',
  tables: [
    { id: 0, name: nodeTableName, ...table },
    { id: 1, name: 'rehearsal', ...table },
  ],
}
/** All of the addon that a find calls, for a table of one hyperedge without a label. */
const addon: Pick<NativeAddon, 'isClosed' | 'schema' | 'query'> = {
  isClosed: () => false,
  schema: () => JSON.stringify(schema),
  query: () => resultOfOne(),
}
let isDone = false
/**
 * One of each object that calls make and drop. When V8 collects garbage while there is none of a kind, it
 * forgets how it is built and the machine code that knew it: calls then took three times as long
 * until they were compiled again.
 */
const kept: object[] = []

/**
 * Asks a find of a stand-in for the addon and reads its answer, so that what both run is compiled
 * while this thread waits for a database to open: at the first find of a process it takes as long as
 * all of the core's work. Later calls do nothing.
 */
export function rehearseFind(): void {
  if (isDone) return
  isDone = true
  try {
    kept.push(...rehearse())
  } catch {
    // An open must not fail for what only makes the first find fast. A test calls it bare.
  }
}

/** @internal The result that was read, and what else calls make. */
export function rehearse(): readonly [ColumnBatch<Hyperedge>, ...object[]] {
  // Neither is looked at but by the stand-in.
  const [native, database] = [addon as NativeAddon, {} as NativeDatabase]
  const session = new Session(native, database, { timeUnit: 'us', durability: 'sync' })
  session.catalog.names()
  const columns = ['id', 'at', 'weight', 'label', 'members']
  const reader = new TableReader('rehearsal', new NewestView(session))
  const batch = reader.findSync({ from: 0, to: 1, members: 1, columns })
  for (const values of [batch.ids, batch.members]) void values[0]
  batch.rows()
  const pin = { take: () => ({}) as NativeSnapshot, release: () => undefined }
  const receipt = new CommitReceipt(new Float64Array(7), 'us')
  return [batch, new PinnedView(session, pin), new Batch(), receipt]
}

/** As the core would write it: the hyperedge 1 at 0 with the node 0. */
function resultOfOne(): ArrayBuffer {
  const words = new Uint32Array(72)
  words.set([resultMagic, 1, 1, 5])
  words.set([valueTypes.f64 | (1 << 8), 224, 1], 16)
  words.set([valueTypes.i64 | (2 << 8), 232, 1], 24)
  words.set([valueTypes.f64 | (4 << 8), 240, 1], 32)
  words.set([valueTypes.u32 | (5 << 8), 248, 1], 40)
  words.set([valueTypes.list | (7 << 8), 256, 1, 264, 0, 272], 48)
  new Float64Array(words.buffer)[28] = 1
  words[67] = 1
  return words.buffer
}
