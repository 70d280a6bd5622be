export { DuckDatabase, type DuckDatabaseOptions } from './database.ts'
export { isMissingFile } from './duckdb-error.ts'
export { type BoundParameters, DuckSession, DuckStream, type RunOptions } from './session.ts'
export {
  type GuardedSql,
  type GuardedTable,
  guardSql,
  type RewrittenSql,
  type ViewName,
} from './sql-guard.ts'
export { quoteText } from './sql-text.ts'
export type { TimeTravel } from './sql-time-travel.ts'
