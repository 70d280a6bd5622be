import { setImmediate } from 'node:timers/promises'
import type { Limits } from '@hypermesh/contract'
import { HnswError, HnswIndex } from '@hypermesh/hnsw'
import { damaged, type Frame, type Section, writeFrame } from './framed-file.ts'
import { type IndexDefinition, parseDefinition } from './index-definition.ts'
import { type IndexState, StateReaders } from './index-state.ts'
import { idChunks, metadataChunks, readTable } from './point-codec.ts'
import { PointTable } from './point-table.ts'
import { sourceOf } from './source/source-codec.ts'
import type { SourceState } from './source/source-state.ts'

/** How far an index had come when its file was written. */
export interface ImagePosition {
  /** Of the log that follows the file. */
  readonly generation: number
  /** The last write that the file holds. */
  readonly sequence: number
}

export interface IndexImage extends ImagePosition {
  readonly definition: IndexDefinition
  readonly state: IndexState
  /** The table that it follows, and how far it has come; null: none. */
  readonly source: SourceState | null
}

/**
 * The whole index as the bytes of a file, as it is when they are first asked for. Requires: nobody writes to
 * it until `onTableWritten` is called; the graph, which is most of it, is of the same instant whatever is
 * written while it is read.
 */
export async function* writeImage(
  image: IndexImage,
  onTableWritten: () => void = () => undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const { definition, generation, sequence, source, state } = image
  const { graph, table } = state
  using saved = await graph.save()
  const sections: Section[] = [
    await measured('ids', () => idChunks(table)),
    await measured('metadata', () => metadataChunks(table)),
    {
      name: 'graph',
      bytes: saved.bytes,
      chunks: () => {
        onTableWritten()
        return saved.pieces()
      },
    },
  ]
  const counts = { slots: table.slotCount, points: table.pointCount }
  yield* writeFrame({ ...definition, generation, sequence, source, ...counts }, sections)
}

/** Goes through the chunks once to know how long they are, and a second time to write them. */
async function measured(name: string, chunks: () => Iterable<Uint8Array>): Promise<Section> {
  let bytes = 0
  for (const chunk of chunks()) {
    bytes += chunk.length
    await setImmediate()
  }
  return { name, bytes, chunks }
}

/** What a file says, checked as a whole; throws `damaged`. */
export async function readImage(frame: Frame, limits: Limits): Promise<IndexImage> {
  const { envelope, sections } = frame
  const definition = parseDefinition(envelope)
  const source = sourceOf(envelope)
  const graph = await loadGraph(sectionOf(sections, 'graph'), definition)
  try {
    const table = new PointTable(definition.fields, limits)
    const ids = joined(sectionOf(sections, 'ids'))
    const metadata = joined(sectionOf(sections, 'metadata'))
    for (const _ of readTable(table, { ids, metadata })) {
      await setImmediate()
    }
    const dead = table.slotCount - table.pointCount
    if (graph.slots !== table.slotCount || graph.dead !== dead) {
      throw damaged(`its graph has ${graph.slots} slots, ${graph.dead} dead; its ids say otherwise`)
    }
    const [generation, sequence] = [envelope.generation, envelope.sequence].map(Number)
    if (!Number.isSafeInteger(generation) || !Number.isSafeInteger(sequence)) {
      throw damaged('its envelope does not say how far it goes')
    }
    return {
      definition,
      source,
      state: { graph, table, readers: new StateReaders() },
      generation: Number(generation),
      sequence: Number(sequence),
    }
  } catch (error) {
    graph.close()
    throw error
  }
}

async function loadGraph(
  pieces: readonly Uint8Array[],
  definition: IndexDefinition,
): Promise<HnswIndex> {
  const graph = await HnswIndex.load(pieces).catch((cause: unknown) => {
    if (cause instanceof HnswError) throw damaged(`its graph: ${cause.message}`, cause)
    throw cause
  })
  const { dimension, metric, storage } = graph.options
  const expected = definition
  if (
    dimension === expected.dimension &&
    metric === expected.metric &&
    storage === expected.storage
  ) {
    return graph
  }
  graph.close()
  throw damaged('its graph is of another dimension, metric or storage than its envelope says')
}

function sectionOf(sections: Frame['sections'], name: string): readonly Uint8Array[] {
  const section = sections.get(name)
  if (section === undefined) throw damaged(`it has no section ${name}`)
  return section
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}
