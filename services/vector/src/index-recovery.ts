import type { Logger } from '@hypermesh/kit'
import { damaged } from './framed-file.ts'
import type { IndexFiles } from './index-files.ts'
import type { IndexImage } from './index-image.ts'
import { applyRemove, applyWrite } from './index-state.ts'
import { recordTypes } from './log-format.ts'
import type { LogReader } from './log-reader.ts'
import { decodeRemove, decodeWrite } from './point-codec.ts'
import { applyFollow, decodeFollow } from './source/source-codec.ts'
import type { SourceState } from './source/source-state.ts'
import type { WriteAheadLog } from './write-ahead-log.ts'

/** An index as its files say, and the log that goes on. */
export interface RecoveredIndex extends IndexImage {
  readonly fileBytes: number
  readonly log: WriteAheadLog
}

/**
 * Reads an index: its file, then the logs since. The log of a generation is there before its file is,
 * so the file's own one must be; what is older was left by a crash and is removed.
 */
export async function recoverIndex(
  name: string,
  files: IndexFiles,
  logger: Logger,
): Promise<RecoveredIndex> {
  const image = await files.read(name)
  try {
    let { generation, sequence, source } = image
    let last: LogEnd | undefined
    for (const log of await files.logs(name)) {
      if (log.generation < image.generation) continue
      const terms = { image: { ...image, source }, files, sequence, generation: log.generation }
      const isNext = log.generation === generation + (last === undefined ? 0 : 1)
      const end = await readLog(name, { ...terms, isFirst: last === undefined, isNext })
      if (end === undefined) continue
      generation = log.generation
      sequence = end.sequence
      source = end.source
      last = end
    }
    if (last === undefined) throw damaged('a log of it is missing')
    if (last.isTorn) logger.warn({ index: name, generation }, 'a torn tail of a log was cut')
    const log = await files.appendToLog(name, generation, last)
    await files.removeLogs(name, (each) => each < image.generation || each > generation)
    return { ...image, source, generation, sequence, fileBytes: image.bytes, log }
  } catch (error) {
    image.state.graph.close()
    throw error
  }
}

/** How far a log was sound. */
export interface LogEnd {
  readonly sequence: number
  readonly soundBytes: number
  readonly isTorn: boolean
  /** What the index follows after it. */
  readonly source: SourceState | null
}

interface LogTerms {
  readonly image: IndexImage
  readonly files: IndexFiles
  readonly generation: number
  /** Of the last write before it. */
  readonly sequence: number
  /** None has been read before it. */
  readonly isFirst: boolean
  /** No generation is missing before it. */
  readonly isNext: boolean
}

/**
 * Does again what a log says. Undefined for one that is empty and does not go on from here: a restore
 * or a checkpoint made it and got no further, so that nothing was ever written to it. A log that is
 * followed may be torn: the next one begins with the write after its last, so none is missing.
 */
async function readLog(name: string, terms: LogTerms): Promise<LogEnd | undefined> {
  const { image, files, generation, sequence, isFirst, isNext } = terms
  if (isFirst && !isNext) throw damaged('a log of it is missing')
  const reader = await files.openLog(name, generation)
  try {
    const { indexId, firstSequence } = reader.head
    const isOurs = indexId === image.definition.indexId
    if (!isNext || !isOurs || firstSequence !== sequence + 1) {
      if (!isFirst && reader.isEmpty) return undefined
      if (!isNext) throw damaged('a log of it is missing')
      if (!isOurs) throw damaged('its log is that of another index')
      throw damaged(`its log begins with ${firstSequence} where ${sequence + 1} should come`)
    }
    const source = await replay(image, reader)
    const { sequence: end, soundBytes, isTorn } = reader
    return { sequence: end, soundBytes, isTorn, source }
  } finally {
    await reader.close()
  }
}

/** Returns what the index follows after it. */
async function replay(
  { source, state }: IndexImage,
  reader: LogReader,
): Promise<SourceState | null> {
  let followed = source
  for await (const { type, payload } of reader.records()) {
    if (type === recordTypes.write) await applyWrite(state, decodeWrite(payload))
    else if (type === recordTypes.remove) applyRemove(state, decodeRemove(payload))
    else {
      const record = decodeFollow(payload)
      await applyFollow(state, record)
      followed = record.source
    }
  }
  return followed
}
