import {
  HyperMeshError,
  type Limits,
  printable,
  type Snapshot,
  type TableMetadata,
  type TableUpdate,
} from '@hypermesh/contract'
import {
  currentSchema,
  type DataFile,
  type FileSchema,
  hasFieldIds,
  nameMappingUpdates,
  readFileSchema,
  readManifest,
  readManifestList,
  type Warehouse,
} from '@hypermesh/iceberg'

const addedStatus = 1
const readsAtOnce = 8

/**
 * Looks into the files that snapshots of another engine add, before a record makes them the table's:
 * each must be there, whole, and say of all of its columns or of none which they are. Returns what
 * else to change so that files without column ids are read by name.
 */
export class ForeignFiles {
  readonly #warehouse: Warehouse
  readonly #limits: Limits
  /** By path: a commit that is built again reads no footer twice. */
  readonly #schemas = new Map<string, FileSchema | undefined>()

  constructor(warehouse: Warehouse, limits: Limits) {
    this.#warehouse = warehouse
    this.#limits = limits
  }

  /** Requires: the metadata is what the updates lead to. */
  async check(
    metadata: TableMetadata,
    updates: readonly TableUpdate[],
  ): Promise<readonly TableUpdate[]> {
    const files: DataFile[] = []
    for (const update of updates) {
      if (update.action !== 'add-snapshot') continue
      files.push(...(await this.#added(update.snapshot)))
      const { commitFilesMax } = this.#limits
      if (files.length > commitFilesMax) {
        throw new HyperMeshError('too_large', `a commit adds at most ${commitFilesMax} files`)
      }
    }
    let withoutIds = false
    for (let start = 0; start < files.length; start += readsAtOnce) {
      const schemas = await Promise.all(
        files.slice(start, start + readsAtOnce).map((file) => this.#schemaOf(file)),
      )
      for (const schema of schemas) {
        if (schema === undefined) continue
        assertAllOrNone(schema, metadata)
        withoutIds ||= !hasFieldIds(schema)
      }
    }
    return withoutIds ? nameMappingUpdates(metadata) : []
  }

  async #added(snapshot: Snapshot): Promise<DataFile[]> {
    const id = snapshot['snapshot-id']
    const context = { warehouse: this.#warehouse }
    const manifests = await named(snapshot['manifest-list'], () =>
      readManifestList(context, snapshot),
    )
    const files: DataFile[] = []
    for (const manifest of manifests) {
      if (manifest.addedSnapshotId !== id) continue
      this.#warehouse.toKey(manifest.path)
      const entries = await named(manifest.path, () => readManifest(context, manifest))
      for (const entry of entries) {
        if (entry.status === addedStatus && entry.snapshotId === id) files.push(entry.file)
      }
    }
    return files
  }

  /** Undefined for what has no columns of the table: delete files, and files that are no Parquet. */
  async #schemaOf(file: DataFile): Promise<FileSchema | undefined> {
    if (this.#schemas.has(file.path)) return this.#schemas.get(file.path)
    const key = this.#warehouse.toKey(file.path)
    const { store } = this.#warehouse
    const head = await store.head(key)
    if (head?.bytes !== file.fileBytes) {
      throw new HyperMeshError(
        'invalid',
        `file ${printable(file.path)} is not there with ${file.fileBytes} bytes`,
      )
    }
    const isData = file.content === 0 && file.format === 'PARQUET'
    const schema = isData
      ? await named(file.path, () => readFileSchema(store, { key, bytes: head.bytes }))
      : undefined
    this.#schemas.set(file.path, schema)
    return schema
  }
}

/** A column without an id, beside others that have one, would be read as nulls. */
function assertAllOrNone(schema: FileSchema, metadata: TableMetadata): void {
  if (!hasFieldIds(schema)) return
  const names = new Set(currentSchema(metadata).fields.map(({ name }) => name.toLowerCase()))
  const odd = schema.fields.find(
    ({ id, name }) => id === undefined && names.has(name.toLowerCase()),
  )
  if (odd === undefined) return
  throw new HyperMeshError(
    'invalid',
    `column "${printable(odd.name)}" of a file has no column id, but others have; write all or none`,
  )
}

/** What a client names and cannot be read is its fault, not damage of the table. */
async function named<T>(uri: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (!(cause instanceof HyperMeshError) || cause.code !== 'corrupt') throw cause
    throw new HyperMeshError('invalid', `${printable(uri)} cannot be read: ${cause.message}`, {
      cause,
    })
  }
}
