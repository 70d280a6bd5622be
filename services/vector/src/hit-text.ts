import { HyperMeshError, type Limits, type VectorMetric } from '@hypermesh/contract'
import type { IndexState } from './index-state.ts'
import type { NearSlot } from './nearest-slots.ts'
import { EventLoopTurns } from './text/event-loop-turns.ts'
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

/** Hits as JSON, which `withVectors` completes. Written by hand: metadata are kept as JSON, and would be read only to be written. */
export function hitsText(
  { graph, table }: IndexState,
  hits: readonly (NearSlot | TextHit)[],
  wanted: Wanted,
): string {
  const { metric } = graph.options
  let text = '['
  for (let index = 0; index < hits.length; index += 1) {
    const hit = hits[index] as NearSlot | TextHit
    const { slot } = hit
    text += index === 0 ? '{"id":' : ',{"id":'
    text += JSON.stringify(table.idAt(slot))
    text += 'distance' in hit ? nearText(metric, hit) : foundText(hit)
    if (wanted.withVector) text += `,"vector":${mark}${slot}${mark}`
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

/** Points as JSON, which `withVectors` completes. */
export function pointsText(
  { table }: IndexState,
  slots: readonly number[],
  wanted: Wanted,
): string {
  const points = slots.map((slot) => {
    const id = JSON.stringify(table.idAt(slot))
    const vector = wanted.withVector ? `,"vector":${mark}${slot}${mark}` : ''
    const metadata = wanted.withMetadata ? `,"metadata":${table.metadataTextAt(slot) ?? '{}'}` : ''
    return `{"id":${id}${vector}${metadata}}`
  })
  return `[${points.join(',')}]`
}

/** Where a vector is to stand: no JSON has this character as it is. */
const mark = '\0'
/** Some milliseconds. */
const numbersPerTurn = 10_000

/** Puts the vectors where they are wanted, and lets others have their turn: they are most of an answer. */
export async function withVectors(
  { graph }: IndexState,
  text: string,
  reading: { readonly limits: Limits; readonly signal: AbortSignal },
): Promise<string> {
  const parts = text.split(mark)
  if (parts.length === 1) return text
  const { dimension } = graph.options
  const { vectorReplyNumbersMax: countMax } = reading.limits
  if (((parts.length - 1) / 2) * dimension > countMax) {
    const message = `the vectors of one answer have at most ${countMax} numbers; ask for fewer, or for none`
    throw new HyperMeshError('too_large', message, {
      details: { limit: 'vector_reply_numbers_max', countMax },
    })
  }
  const turns = new EventLoopTurns(numbersPerTurn)
  for (let at = 1; at < parts.length; at += 2) {
    parts[at] = `[${graph.vectors([Number(parts[at])]).join(',')}]`
    if (turns.isOver(dimension)) await turns.next(reading.signal)
  }
  return parts.join('')
}
