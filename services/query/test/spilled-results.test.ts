import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDatabase } from '@hypermesh/duckdb'
import { defaultLimits } from '@hypermesh/kit'
import { ManualClock } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { SpillSpace } from '../src/spill-space.ts'
import { SpilledResults } from '../src/spilled-results.ts'

test('a result that turns out too large at its end is let go by DuckDB, too', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spilled-'))
  await using database = await DuckDatabase.open({
    ...{ threads: 1, memoryBytes: 256 * 1024 * 1024 },
    ...{ temporaryDirectory: directory, allowedDirectories: [directory] },
  })
  await using session = await database.connectApart()
  const space = new SpillSpace(1)
  const [limits, clock] = [defaultLimits, new ManualClock()]
  await using spilled = new SpilledResults({ database, directory, space, limits, clock })
  const facts = {
    ...{ snapshots: {}, filesPlanned: 0, filesPruned: 0 },
    ...{ bytesPlanned: 0, bytesPruned: 0, deleteFiles: 0 },
  }
  const writing = spilled.write(
    session,
    { sql: 'SELECT 1', parameters: undefined },
    {
      ...{ queryId: 'q', keyId: 'k', facts, pageRows: 1, pageBytes: 1000 },
      signal: new AbortController().signal,
    },
  )
  await expect(writing).rejects.toMatchObject({ code: 'too_large' })
  const held = await session.rows(
    `SELECT database_name FROM duckdb_databases() WHERE database_name LIKE 'spill%'`,
  )
  expect(held).toEqual([])
  expect(space.bytes).toBe(0)
  expect(await readdir(directory)).toEqual([])
  await rm(directory, { recursive: true })
})
