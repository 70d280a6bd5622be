export { appendsSince, lineageBetween } from './appended-files.ts'
export { type BoundColumn, type BoundTable, boundField, fieldNamed } from './bound-columns.ts'
export { type ColumnStatistics, toDataFileEntry, type WrittenFile } from './data-file.ts'
export {
  type Evolution,
  type EvolvedColumn,
  planEvolution,
  type SourceColumn,
} from './evolution.ts'
export {
  equalNames,
  type FileField,
  type FileSchema,
  type FooterElement,
  hasFieldIds,
  isReadById,
  partOf,
  toFileSchema,
} from './file-schema.ts'
export { formatType } from './iceberg-type.ts'
export {
  parsePartitionBy,
  parseSortBy,
  type SortedColumn,
  type TransformedColumn,
} from './layout-text.ts'
export { contentKeyProperty, contentKeySummary, findLoaded } from './lineage.ts'
export { ManifestCache } from './manifest-cache.ts'
export { encodeManifestList } from './manifest-list.ts'
export type { ReadContext } from './manifest-reader.ts'
export { readManifest, readManifestList } from './manifest-reader.ts'
export type { DataFile, ManifestEntry } from './manifest-types.ts'
export { ManifestWriter } from './manifest-writer.ts'
export { metadataFilesToDelete, type UpdateContext } from './metadata-draft.ts'
export { withMappedIds } from './name-mapping.ts'
export { nameMappingUpdates } from './name-mapping-upkeep.ts'
export { readFileSchema } from './parquet-footer.ts'
export { positionDeleteFields, positionDeleteScan } from './position-delete-scan.ts'
export { reachableFiles } from './reachable-files.ts'
export { type ReadColumn, readColumns, readSchemaArgument } from './read-schema.ts'
export {
  type PositionRewrite,
  type RelocatedTable,
  type RewrittenPositions,
  relocateTable,
} from './relocate.ts'
export { checkRequirements } from './requirements.ts'
export {
  type EqualityDeleteFile,
  type PlannedFile,
  planScan,
  type ScanCount,
  type ScanPlan,
  type ScanRequest,
  type StoredFile,
  scanSchema,
} from './scan-plan.ts'
export type { ScanPredicate, ScanValue } from './scan-predicate.ts'
export {
  assertValidSchema,
  assignIds,
  currentSchema,
  fieldsById,
  highestFieldId,
  type IndexedField,
  isSameSchema,
  schemaById,
  schemaIdOf,
} from './schema.ts'
export { diffSchemas, diffSnapshots } from './snapshot-diff.ts'
export {
  mintSnapshotId,
  type SnapshotRequest,
  type WrittenSnapshot,
  writeSnapshot,
} from './snapshot-writer.ts'
export {
  behindSinceMs,
  lagOf,
  planSync,
  type SyncPosition,
  type SyncStep,
  snapshotIdText,
  snapshotsAfter,
  toLong,
} from './sync-plan.ts'
export { describeTable } from './table-description.ts'
export {
  assertFormatVersion,
  assertWhole,
  createTableMetadata,
  currentSnapshot,
  defaultProperties,
  findSnapshot,
  type NewTable,
} from './table-metadata.ts'
export { profileTable, type TableProfile } from './table-profile.ts'
export { historyOf, type Moment, snapshotAt } from './time-travel.ts'
export { bucketHashes } from './transform.ts'
export { applyUpdates } from './updates.ts'
export {
  applyViewUpdates,
  assertViewFormat,
  assertViewWhole,
  checkViewRequirements,
  createViewMetadata,
} from './view-metadata.ts'
export { followWarehouse, Warehouse, warehouseHeader } from './warehouse.ts'
export {
  isSameLayout,
  type NewLayout,
  newLayout,
  toPartition,
  toWriteLayout,
  type WriteLayout,
  writeLayoutOf,
} from './write-layout.ts'
