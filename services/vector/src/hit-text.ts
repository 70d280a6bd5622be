import type { VectorMetric } from '@hypermesh/contract'
import type { IndexState } from './index-state.ts'
import type { NearSlot } from './nearest-slots.ts'
import type { TextHit } from './text/text-search.ts'

/** What of a point is told. */
export interface Wanted {
  readonly withVector: boolean
  readonly withMetadata: boolean
}

/** Larger is nearer, whatever the metric. */
export function scoreOf(metric: VectorMetric, distance: number): number {
  return metric === 'l2' ? 1 / (1 + distance) : 1 - distance
}

/** Hits as JSON. Written by hand: metadata are kept as JSON, and would be read only to be written. */
export function hitsText(
  { graph, table }: IndexState,
  hits: readonly (NearSlot | TextHit)[],
  wanted: Wanted,
): string {
  const { metric } = graph.options
  const vectors = wanted.withVector ? vectorTexts(graph, hits) : undefined
  let text = '['
  for (let index = 0; index < hits.length; index += 1) {
    const hit = hits[index] as NearSlot | TextHit
    const { slot } = hit
    text += index === 0 ? '{"id":' : ',{"id":'
    text += JSON.stringify(table.idAt(slot))
    text += 'distance' in hit ? nearText(metric, hit) : foundText(hit)
    if (vectors !== undefined) text += `,"vector":${vectors[index]}`
    if (wanted.withMetadata) text += `,"metadata":${table.metadataTextAt(slot) ?? '{}'}`
    text += '}'
  }
  return `${text}]`
}

function nearText(metric: VectorMetric, { distance }: NearSlot): string {
  return `,"score":${scoreOf(metric, distance)},"distance":${distance}`
}

function foundText({ score, ranks }: TextHit): string {
  return `,"score":${score}${ranks === undefined ? '' : `,"ranks":${JSON.stringify(ranks)}`}`
}

/** Points as JSON. */
export function pointsText(
  { graph, table }: IndexState,
  slots: readonly number[],
  wanted: Wanted,
): string {
  const vectors = wanted.withVector
    ? vectorTexts(
        graph,
        slots.map((slot) => ({ slot })),
      )
    : undefined
  const points = slots.map((slot, index) => {
    const id = JSON.stringify(table.idAt(slot))
    const vector = vectors === undefined ? '' : `,"vector":${vectors[index]}`
    const metadata = wanted.withMetadata ? `,"metadata":${table.metadataTextAt(slot) ?? '{}'}` : ''
    return `{"id":${id}${vector}${metadata}}`
  })
  return `[${points.join(',')}]`
}

function vectorTexts(graph: IndexState['graph'], hits: readonly { slot: number }[]): string[] {
  const { dimension } = graph.options
  const values = graph.vectors(Uint32Array.from(hits, ({ slot }) => slot))
  return hits.map((_, index) => {
    const own = values.subarray(index * dimension, (index + 1) * dimension)
    return `[${own.join(',')}]`
  })
}
