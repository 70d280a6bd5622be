import { HnswIndex } from '@hypermesh/hnsw'
import type { Figure } from '../figures.ts'
import { k } from './contender.ts'
import { truthOf } from './contenders.ts'
import { queryAt, type VectorData } from './dataset.ts'
import { recallOf } from './ladder.ts'
import { updatedRecallTarget } from './targets.ts'

const count = 40_000
const ef = 48

/** A quarter updated (a removal and a new slot), a quarter removed, then a compaction. */
export async function measureUpdates(whole: VectorData): Promise<Figure[]> {
  const { dimension, metric } = whole
  const data = { ...whole, count, vectors: whole.vectors.subarray(0, count * dimension) }
  using index = HnswIndex.create({ dimension, metric, storage: 'f16' })
  await index.add(data.vectors, { threads: 1 })
  const quarter = count / 4
  index.remove(Uint32Array.from({ length: 2 * quarter }, (_, row) => row))
  await index.add(data.vectors.subarray(0, quarter * dimension), { threads: 1 })
  const rows = Uint32Array.from({ length: count }, (_, row) => row).filter(
    (row) => row < quarter || row >= 2 * quarter,
  )
  const truth = truthOf(data, rows)
  const rowOf = (slot: number) => (slot < count ? slot : slot - count)
  const recallIn = (searched: HnswIndex, toRow: (slot: number) => number) =>
    recallOf(
      truth.map((_, query) =>
        [...(searched.searchSync(queryAt(data, query), { k, ef })?.slots ?? [])].map(toRow),
      ),
      truth,
    )
  const before = recallIn(index, rowOf)
  const { index: compacted, slots } = await index.compact({ threads: 1 })
  const after = recallIn(compacted, (slot) => rowOf(slots[slot] as number))
  const memory = compacted.memoryBytes / index.memoryBytes
  compacted.close()
  const target = { atLeast: updatedRecallTarget }
  return [
    { figure: 'updated-recall', value: before, unit: 'recall', target },
    { figure: 'compacted-recall', value: after, unit: 'recall', target },
    // Three quarters of the rows are left of one and a quarter of slots.
    { figure: 'compacted-memory', value: memory, unit: '× before', target: { atMost: 0.65 } },
  ]
}
