import { type Long, type TableDetail, type TableMetadata, toWireLong } from '@hypermesh/contract'
import type { ReadContext } from './manifest-reader.ts'
import { defaultSpec } from './partition-spec.ts'
import { currentSchema, fieldsById } from './schema.ts'
import { currentSnapshot } from './table-metadata.ts'
import { profileTable } from './table-profile.ts'
import { instant, snapshotAt } from './time-travel.ts'

/** What people ask of a table: its schema and layout from the metadata, its sizes from the manifests. */
export async function describeTable(
  context: ReadContext,
  metadata: TableMetadata,
  snapshotId: Long | undefined,
): Promise<Omit<TableDetail, 'table'>> {
  const snapshot =
    snapshotId === undefined
      ? currentSnapshot(metadata)
      : snapshotAt(metadata, { version: snapshotId })
  return {
    uuid: metadata['table-uuid'],
    location: metadata.location,
    formatVersion: metadata['format-version'],
    snapshotId: snapshot === undefined ? null : toWireLong(snapshot['snapshot-id']),
    committedAt: snapshot === undefined ? null : instant(snapshot['timestamp-ms']),
    snapshots: metadata.snapshots?.length ?? 0,
    refs: Object.fromEntries(
      Object.entries(metadata.refs ?? {}).map(([name, ref]) => [
        name,
        { snapshotId: toWireLong(ref['snapshot-id']), type: ref.type },
      ]),
    ),
    properties: metadata.properties ?? {},
    ...layoutOf(metadata),
    ...(await profileTable(context, metadata, snapshot)),
  }
}

function layoutOf(metadata: TableMetadata): Pick<TableDetail, 'partitionedBy' | 'sortedBy'> {
  const fields = fieldsById(currentSchema(metadata))
  const column = (id: number) => fields.get(id)?.path.join('.') ?? `dropped column ${id}`
  const order = metadata['sort-orders']?.find(
    (candidate) => candidate['order-id'] === metadata['default-sort-order-id'],
  )
  return {
    partitionedBy: defaultSpec(metadata).fields.map((field) => ({
      name: field.name,
      column: column(field['source-id']),
      transform: field.transform,
    })),
    sortedBy: (order?.fields ?? []).map((field) => ({
      column: column(field['source-id']),
      transform: field.transform,
      direction: field.direction,
      nulls: field['null-order'] === 'nulls-first' ? 'first' : 'last',
    })),
  }
}
