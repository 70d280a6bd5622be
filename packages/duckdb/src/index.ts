export { DuckDatabase, type DuckDatabaseOptions } from './database.ts'
export { isMissingFile } from './duckdb-error.ts'
export { type BoundParameters, DuckSession, DuckStream, type RunOptions } from './session.ts'
export { quoteText } from './sql-text.ts'
