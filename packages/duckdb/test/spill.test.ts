import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DuckDatabase } from '../src/index.ts'

const mib = 1024 ** 2
/** Some 100 MB that are held at once. */
const large = `CREATE TEMP TABLE large AS
  SELECT i, md5(i::VARCHAR) AS a, md5((-i)::VARCHAR) AS b FROM range(1000000) t(i)`

async function rowsWith(temporaryBytesMax: number): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-spill-'))
  try {
    await using database = await DuckDatabase.open({
      threads: 1,
      memoryBytes: 48 * mib,
      temporaryDirectory: join(directory, 'spill'),
      temporaryBytesMax,
      allowedDirectories: [],
    })
    await using session = await database.connect()
    await session.run(large)
    return (await session.rows('SELECT count(DISTINCT a) AS n FROM large'))[0]?.n
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

test('what memory does not hold goes to disk, and no more of it than is allowed', async () => {
  expect(await rowsWith(1024 * mib)).toBe(1_000_000n)
  await expect(rowsWith(8 * mib)).rejects.toMatchObject({ code: 'storage_full' })
  await expect(rowsWith(0)).rejects.toThrow()
})
