export type { ColumnBatch } from './column-batch.ts'
export type { ColumnName, FixedColumn } from './columns.ts'
export { Database, type JoinedPair, type JoinOptions, type JoinSide } from './database.ts'
export { EngineError, type EngineErrorCode } from './errors.ts'
export type { Comparison, Filter, FilterValue } from './filter.ts'
export type { HyperedgeColumns, InstantColumn, SymbolColumn } from './hyperedge-columns.ts'
export type { HyperedgeChange, HyperedgeInput, MembersInput } from './hyperedges.ts'
export {
  type Instant,
  microsNever,
  microsToText,
  microsToTexts,
  type TimeUnit,
  toMicros,
} from './instants.ts'
export type { JsonSink } from './json-rows.ts'
export type { NodeColumn, NodeId } from './node-ids.ts'
export type { NodeKeyColumn } from './node-keys.ts'
export type { FindNodesOptions, NodeReader, NodeRow } from './node-reader.ts'
export type { NodeStore } from './node-store.ts'
export type { OpenOptions } from './open-options.ts'
export type { Paging } from './paging.ts'
export type { GroupKey, HopOrder, Measure, QueryLimits } from './plans.ts'
export type { PropertyColumn, PropertyValue, PropertyValues } from './property-values.ts'
export type {
  AggregateOptions,
  AggregateSyncOptions,
  AsyncReadOptions,
  ExpandOptions,
  ExpandSyncOptions,
  FindOptions,
  FindSyncOptions,
  PathOptions,
  PathSyncOptions,
  ReadOptions,
} from './read-options.ts'
export type { AsOf } from './read-view.ts'
export type { CommitReceipt, Durability } from './receipt.ts'
export type {
  BackupReport,
  CheckReport,
  DatabaseStats,
  OpenReport,
  RepairReport,
  TableStats,
} from './reports.ts'
export type { ColumnValues, ResultColumn, Truncation } from './result-buffer.ts'
export type { PropertySchema, PropertyType, TableSchema } from './schema.ts'
export type { MembersFilter, MemberTerm, Selection } from './selection.ts'
export type { Snapshot } from './snapshot.ts'
export type { Inserted, Table, WriteOptions } from './table.ts'
export type { TableDeclaration, TableOptions } from './table-declaration.ts'
export type {
  ExplainStep,
  Hyperedge,
  PagesOptions,
  PathStep,
  ReachedNode,
  TableReader,
} from './table-reader.ts'
export {
  type CsvImportOptions,
  type ExportOptions,
  exportArrow,
  exportCsv,
  exportHif,
  exportNdjson,
  type HifImportOptions,
  type ImportOptions,
  type ImportReport,
  importArrow,
  importCsv,
  importHif,
  importNdjson,
  readArrow,
  type TextSource,
} from './tools/index.ts'
export type {
  Transaction,
  TransactionNodes,
  TransactionResult,
  TransactionTable,
} from './transaction.ts'
