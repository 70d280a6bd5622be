import type { OpenContender } from './contender.ts'
import { openDuckdb } from './duckdb.ts'
import { openHypermesh } from './hypermesh.ts'
import { openLevel } from './level.ts'
import { openLmdb } from './lmdb.ts'
import { openSqlite } from './sqlite.ts'

/** Ours first: its answers are what the others' are compared with. */
export const contenders: Readonly<Record<string, OpenContender>> = {
  HyperMesh: openHypermesh,
  SQLite: openSqlite,
  DuckDB: openDuckdb,
  LMDB: openLmdb,
  LevelDB: openLevel,
}
