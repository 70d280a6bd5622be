import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { copyResultToParquet, type DuckSession } from '@hypermesh/duckdb'
import type { StartedResult } from './running-result.ts'
import type { SpillSpace } from './spill-space.ts'
import type { PreparedStatement } from './statement.ts'

const pieceBytes = 256 * 1024

/**
 * A Parquet file says at its end what is in it, so it is written whole before it is sent. The file
 * has no name any more when this returns: it goes with the last byte read, or with the process.
 */
export async function parquetResult(
  session: DuckSession,
  statement: PreparedStatement,
  options: {
    readonly space: SpillSpace
    readonly directory: string
    readonly signal: AbortSignal
  },
): Promise<StartedResult> {
  if (statement.kind !== 'select') {
    throw new HyperMeshError('unsupported_media', 'a plan is text; ask for it as JSON')
  }
  const { space, directory, signal } = options
  const path = join(directory, `${randomUUID()}.parquet`)
  const { sql, parameters } = statement
  const rowCount = await space.write(path, signal, (bounded) =>
    copyResultToParquet(session, { sql, path }, { parameters, signal: bounded }),
  )
  const file = await open(path)
  await space.unlink(path)
  const { size: bytes } = await file.stat()
  async function* read() {
    for (let offset = 0; offset < bytes; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, bytes - offset))
      const { bytesRead } = await file.read(piece, 0, piece.length, offset)
      offset += bytesRead
      yield piece.subarray(0, bytesRead)
    }
  }
  return {
    columns: [],
    facts: statement.facts,
    body: { totals: { rowCount, bytes, truncated: null }, bytes: read },
    close: async () => {
      space.release(path)
      await file.close()
    },
  }
}
