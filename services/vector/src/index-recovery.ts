import type { Logger } from '@hypermesh/kit'
import { damaged } from './framed-file.ts'
import type { IndexFiles } from './index-files.ts'
import type { IndexImage } from './index-image.ts'
import { applyRemove, applyWrite } from './index-state.ts'
import { recordTypes } from './log-format.ts'
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
    const logs = (await files.logs(name)).filter((log) => log.generation >= image.generation)
    let log: WriteAheadLog | undefined
    let { sequence, source } = image
    for (const [index, { generation }] of logs.entries()) {
      if (generation !== image.generation + index) break
      const isLast = index === logs.length - 1
      const reader = await files.openLog(name, generation)
      try {
        source = await replay({ ...image, source }, reader, sequence)
        if (reader.isTorn && !isLast) throw damaged('a log is torn, and another follows it')
        if (reader.isTorn) logger.warn({ index: name, generation }, 'a torn tail of a log was cut')
        sequence = reader.sequence
        if (isLast) log = await files.appendToLog(name, reader)
      } finally {
        await reader.close()
      }
    }
    if (log === undefined) throw damaged('a log of it is missing')
    await files.removeLogs(name, image.generation)
    const { generation } = logs.at(-1) ?? image
    return { ...image, source, generation, sequence, fileBytes: image.bytes, log }
  } catch (error) {
    image.state.graph.close()
    throw error
  }
}

/** Returns what the index follows after it. */
async function replay(
  { definition, source, state }: IndexImage,
  reader: Awaited<ReturnType<IndexFiles['openLog']>>,
  sequence: number,
): Promise<SourceState | null> {
  const { indexId, firstSequence } = reader.head
  if (indexId !== definition.indexId) throw damaged('its log is that of another index')
  if (firstSequence !== sequence + 1) {
    throw damaged(`its log begins with ${firstSequence} where ${sequence + 1} should come`)
  }
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
