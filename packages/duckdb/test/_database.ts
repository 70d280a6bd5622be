import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { DuckDatabase, type DuckDatabaseOptions } from '../src/database.ts'

export interface OpenedDatabase {
  /** There from the first test on. */
  readonly database: DuckDatabase
  /** Where it spills; no statement may read it. */
  readonly directory: string
}

/** A database for the tests of a file, which reads no files; gone after the last of them. */
export function openBeforeAll(options: Partial<DuckDatabaseOptions> = {}): OpenedDatabase {
  let database: DuckDatabase | undefined
  let directory = ''
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hm-duckdb-'))
    database = await DuckDatabase.open({
      threads: 1,
      memoryBytes: 256 * 1024 * 1024,
      temporaryDirectory: join(directory, 'tmp'),
      allowedDirectories: [],
      ...options,
    })
  })
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    get database() {
      if (database === undefined) throw new TypeError('no test has begun')
      return database
    },
    get directory() {
      return directory
    },
  }
}
