export { describeBadRow } from './bad-row.ts'
export { findBadRows } from './bad-rows.ts'
export { ByteSink } from './byte-sink.ts'
export { DuckDatabase, type DuckDatabaseOptions } from './database.ts'
export { isMissingFile } from './duckdb-error.ts'
export { FixedText } from './fixed-text.ts'
export type { HashFunctions } from './hash-functions.ts'
export { toDuckDbType, toIcebergType } from './iceberg-types.ts'
export { microsText } from './instant-text.ts'
export { type CopyLayout, copyLaidOut, type LaidOutFile } from './laid-out-writer.ts'
export { bindParameters, type RequestParameters } from './parameters.ts'
export { type CopiedFile, copyOneFile, copyToParquet } from './parquet-writer.ts'
export type { ScanValue } from './planned-value.ts'
export { isMomentary, type PlannerMemory } from './planner-memory.ts'
export { type ResultColumn, resultColumns } from './result-columns.ts'
export { type EncodedTotals, type EncodeOptions, encodeResult } from './result-encoder.ts'
export { copyResultToParquet, describeResult, numbered } from './result-parquet.ts'
export {
  type FilterRequest,
  type PlannedTable,
  type PlannedView,
  planFilters,
  planningDisabledOptimizers,
  type ScanFilter,
  viewName,
} from './scan-filters.ts'
export { type BoundParameters, DuckSession, DuckStream, type RunOptions } from './session.ts'
export { makeNames, mayServeAgain, type SessionName } from './session-names.ts'
export { detectFormat, inferSource, inspectSource, type SourceOptions } from './source.ts'
export {
  readArrowColumns,
  type StagedColumn,
  type StageOptions,
  stageArrowFiles,
  stageArrowStream,
} from './source-arrow.ts'
export { quotePath, type Source, type SourceColumn, type TargetColumn } from './source-columns.ts'
export {
  compressionInPlace,
  detectCompression,
  type HeadInPlace,
  readHeadInPlace,
  unpack,
} from './source-compression.ts'
export { csvRowsSampled } from './source-csv.ts'
export { typesMayChange } from './source-error.ts'
export type { FileHead, FormatHints } from './source-format.ts'
export {
  assertSameForm,
  type CsvForm,
  csvFormOf,
  readByTemplate,
  readStagedByTemplate,
  sourceTemplate,
} from './source-template.ts'
export type { CallArgument, TableCall } from './sql-calls.ts'
export {
  type GuardedSql,
  type GuardedTable,
  guardSql,
  type RewrittenSql,
  type ViewName,
} from './sql-guard.ts'
export { quoteText } from './sql-text.ts'
export type { TimeTravel } from './sql-time-travel.ts'
