import {
  HyperMeshError,
  type IcebergSchema,
  type Long,
  type SchemaDifference,
  type Snapshot,
  type TableDiff,
  type TableMetadata,
  toWireLong,
} from '@hypermesh/contract'
import { lineageBetween } from './appended-files.ts'
import { formatType, isPrimitive } from './iceberg-type.ts'
import { type ReadContext, readLiveEntries, readManifestList } from './manifest-reader.ts'
import { type DataFile, hasLiveFiles } from './manifest-types.ts'
import { currentSchema, fieldsById, type IndexedField, schemaById } from './schema.ts'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

interface SnapshotFiles {
  readonly data: ReadonlyMap<string, DataFile>
  readonly deletes: ReadonlyMap<string, DataFile>
  /** Of the specs that its data files were partitioned by. */
  readonly specIds: ReadonlySet<number>
}

/**
 * What tells one snapshot from another, by the files that they name: rows that were rewritten count
 * as removed and added. Without `to` it is the current snapshot, without `from` its parent.
 */
export async function diffSnapshots(
  context: ReadContext,
  metadata: TableMetadata,
  ids: { readonly from?: Long | undefined; readonly to?: Long | undefined },
): Promise<Omit<TableDiff, 'table'>> {
  const to = ids.to === undefined ? currentSnapshot(metadata) : required(metadata, ids.to)
  if (to === undefined) throw new HyperMeshError('not_found', 'the table has no snapshot yet')
  const parent = to['parent-snapshot-id']
  const from =
    ids.from === undefined
      ? parent === undefined
        ? undefined
        : required(metadata, parent)
      : required(metadata, ids.from)
  const lineage = lineageBetween(metadata, from, to)
  const [before, after] = [await filesOf(context, from), await filesOf(context, to)]
  return {
    from: from === undefined ? null : toWireLong(from['snapshot-id']),
    to: toWireLong(to['snapshot-id']),
    isAncestor: lineage !== undefined,
    operations: (lineage ?? []).map((snapshot) => snapshot.summary?.operation ?? 'append'),
    added: sizeOfMissing(after.data, before.data),
    removed: sizeOfMissing(before.data, after.data),
    deletesAdded: sizeOfMissing(after.deletes, before.deletes),
    deletesRemoved: sizeOfMissing(before.deletes, after.deletes),
    unchangedFiles: [...after.data.keys()].filter((path) => before.data.has(path)).length,
    schemaChanges:
      from === undefined ? [] : diffSchemas(schemaOf(metadata, from), schemaOf(metadata, to)),
    partitioningChanged:
      before.specIds.size > 0 && [...after.specIds].some((id) => !before.specIds.has(id)),
  }
}

function required(metadata: TableMetadata, id: Long): Snapshot {
  const found = findSnapshot(metadata, id)
  if (found !== undefined) return found
  throw new HyperMeshError(
    'not_found',
    `the table has no snapshot ${id}; its history lists those that it keeps`,
  )
}

function schemaOf(metadata: TableMetadata, snapshot: Snapshot): IcebergSchema {
  const id = snapshot['schema-id']
  return id === undefined ? currentSchema(metadata) : schemaById(metadata, id)
}

async function filesOf(
  context: ReadContext,
  snapshot: Snapshot | undefined,
): Promise<SnapshotFiles> {
  const data = new Map<string, DataFile>()
  const deletes = new Map<string, DataFile>()
  const specIds = new Set<number>()
  const manifests = snapshot === undefined ? [] : await readManifestList(context, snapshot)
  for (const manifest of manifests.filter(hasLiveFiles)) {
    for (const { file } of await readLiveEntries(context, manifest)) {
      const files = file.content === 0 ? data : deletes
      files.set(file.path, file)
      if (file.content === 0) specIds.add(manifest.specId)
    }
  }
  return { data, deletes, specIds }
}

function sizeOfMissing(
  files: ReadonlyMap<string, DataFile>,
  others: ReadonlyMap<string, DataFile>,
): TableDiff['added'] {
  const size = { files: 0, rows: 0, bytes: 0 }
  for (const [path, file] of files) {
    if (others.has(path)) continue
    size.files += 1
    size.rows += file.recordCount
    size.bytes += file.fileBytes
  }
  return size
}

/** By field id, so that a renamed column is one that changed and not two. */
export function diffSchemas(before: IcebergSchema, after: IcebergSchema): SchemaDifference[] {
  const [old, now] = [fieldsById(before), fieldsById(after)]
  const changes: SchemaDifference[] = []
  for (const [id, field] of old) {
    if (!now.has(id))
      changes.push({ kind: 'drop-column', column: nameOf(field), from: typeOf(field) })
  }
  for (const [id, field] of now) {
    const was = old.get(id)
    const column = nameOf(field)
    if (was === undefined) {
      changes.push({ kind: 'add-column', column, to: typeOf(field) })
      continue
    }
    if (was.path.at(-1) !== field.path.at(-1)) {
      changes.push({ kind: 'rename-column', column, from: nameOf(was), to: column })
    }
    if (isPrimitive(field.type) && typeOf(was) !== typeOf(field)) {
      changes.push({ kind: 'change-type', column, from: typeOf(was), to: typeOf(field) })
    }
    if (was.required !== field.required) {
      const text = ({ required }: IndexedField) => (required ? 'required' : 'optional')
      changes.push({ kind: 'change-required', column, from: text(was), to: text(field) })
    }
  }
  return changes
}

function nameOf(field: IndexedField): string {
  return field.path.join('.')
}

function typeOf(field: IndexedField): string {
  return formatType(field.type)
}
