import { ByteSink } from '@hypermesh/duckdb'
import { pieceMemory } from '@hypermesh/kit'

/** What answers are written into; whoever sends one gives its memory back. */
export function newSink(): ByteSink {
  return new ByteSink(undefined, (bytes) => pieceMemory.take(bytes))
}
