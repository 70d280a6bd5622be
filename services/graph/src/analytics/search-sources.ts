import type { Run } from './computation.ts'
import { MeasureError } from './measure-error.ts'
import { Random } from './random.ts'

/** From where a measure of all pairs searches. */
export interface SearchSources {
  readonly items: Uint32Array
  /** Null: from all, so that it is exact. */
  readonly approximate: string | null
}

/** All items, or as many as asked for, drawn by the seed. @throws MeasureError `too_large` */
export function searchSources(
  itemCount: number,
  { sources, seed }: { readonly sources?: number | undefined; readonly seed: number },
  { sourcesMax }: Run,
): SearchSources {
  const wanted = Math.min(sources ?? itemCount, itemCount)
  if (wanted > sourcesMax) {
    throw new MeasureError(
      'too_large',
      `this takes ${wanted} searches, and at most ${sourcesMax} are made; say fewer sources for an estimate, or narrow the window`,
      { limit: 'graph_analytics_sources_max', searches: wanted, sourcesMax },
    )
  }
  if (wanted === itemCount) {
    return { items: Uint32Array.from({ length: itemCount }, (_, at) => at), approximate: null }
  }
  return {
    items: new Random(seed).sample(wanted, itemCount),
    approximate: `from ${wanted} of ${itemCount} sources, seed ${seed}`,
  }
}
