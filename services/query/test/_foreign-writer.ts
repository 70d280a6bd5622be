import { randomUUID } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  currentSnapshot,
  type DataFile,
  encodeManifestList,
  type ManifestEntry,
  ManifestWriter,
  mintSnapshotId,
  readManifestList,
  Warehouse,
} from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'

export interface ForeignFile {
  /** 0: data, 1: position deletes, 2: equality deletes. */
  readonly content: 0 | 1 | 2
  /** What the file holds. */
  readonly query: string
  /** As `FIELD_IDS` wants it; without, the file has none. */
  readonly fieldIds?: string
  readonly equalityIds?: readonly number[]
  readonly partition?: DataFile['partition']
  readonly specId?: number
  readonly referencedFile?: string
  readonly format?: string
  /** Its path below the table's data; others name its directory after the partition. */
  readonly name?: string
  readonly over?: Partial<DataFile>
}

export const positionIds = '{file_path: 2147483546, pos: 2147483545}'

/** Another engine that commits to a table: it writes manifests itself and goes by Iceberg REST. */
export class ForeignWriter {
  readonly #client: HyperMeshClient
  readonly #warehouse: Warehouse
  readonly #table: string

  constructor(client: HyperMeshClient, directory: string, uri: string, table: string) {
    this.#client = client
    const store = new DiskStore({ root: directory, temporary: join(directory, 'tmp') })
    this.#warehouse = new Warehouse(store, uri)
    this.#table = table
  }

  static async open(client: HyperMeshClient, directory: string, table: string) {
    const { defaults } = await client.icebergConfig()
    return new ForeignWriter(client, directory, defaults.warehouse ?? '', table)
  }

  /** One snapshot that adds the files; returns their URIs. */
  async commit(...files: readonly ForeignFile[]): Promise<string[]> {
    const { metadata } = await this.#client.loadTable(this.#table)
    const parent = currentSnapshot(metadata)
    const sequenceNumber = Number(metadata['last-sequence-number']) + 1
    const snapshotId = mintSnapshotId()
    const writer = new ManifestWriter({ metadata, snapshotId, sequenceNumber, uuid: randomUUID() })
    const written = await Promise.all(files.map((file) => this.#write(metadata.location, file)))
    const manifests = files.flatMap((file, index) => {
      const added = written[index]
      if (added === undefined) return []
      const entry: ManifestEntry = {
        status: 1,
        snapshotId,
        sequenceNumber: undefined,
        fileSequenceNumber: undefined,
        file: added,
      }
      const specId = file.specId ?? metadata['default-spec-id']
      return writer.add([entry], specId, file.content === 0 ? 0 : 1)
    })
    const reading = { warehouse: this.#warehouse }
    const before = parent === undefined ? [] : await readManifestList(reading, parent)
    const list = writer.addFile(
      `snap-${snapshotId}.avro`,
      encodeManifestList({ snapshotId, parentId: parent?.['snapshot-id'], sequenceNumber }, [
        ...manifests,
        ...before,
      ]),
    )
    for (const { uri, body } of writer.pending) {
      await this.#warehouse.store.put(this.#warehouse.toKey(uri), body)
    }
    await this.#client.commitTable(this.#table, {
      requirements: [],
      updates: [
        {
          action: 'add-snapshot',
          snapshot: {
            'snapshot-id': snapshotId,
            ...(parent === undefined ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
            'sequence-number': sequenceNumber,
            'timestamp-ms': metadata['last-updated-ms'] + 1,
            'manifest-list': list,
            summary: { operation: 'overwrite' },
            'schema-id': metadata['current-schema-id'],
          },
        },
        {
          action: 'set-snapshot-ref',
          'ref-name': 'main',
          type: 'branch',
          'snapshot-id': snapshotId,
        },
      ],
    })
    return written.map(({ path }) => path)
  }

  /** The data files of the table now, in the order in which they were added. */
  async dataFiles(): Promise<string[]> {
    const { readdir } = await import('node:fs/promises')
    const { metadata } = await this.#client.loadTable(this.#table)
    const path = this.#warehouse.localPath(`${metadata.location}/data/x`) ?? ''
    const names = await readdir(dirname(path))
    return names.map((name) => `${metadata.location}/data/${name}`)
  }

  async #write(location: string, file: ForeignFile): Promise<DataFile> {
    const uri = `${location}/data/${file.name ?? `${randomUUID()}.parquet`}`
    const path = this.#warehouse.localPath(uri) ?? ''
    await mkdir(dirname(path), { recursive: true })
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    const ids = file.fieldIds === undefined ? '' : `, FIELD_IDS ${file.fieldIds}`
    const result = await duckdb.runAndReadAll(
      `COPY (${file.query}) TO '${path}' (FORMAT parquet${ids})`,
    )
    duckdb.disconnectSync()
    return {
      content: file.content,
      path: uri,
      format: file.format ?? 'PARQUET',
      partition: file.partition ?? new Map(),
      recordCount: Number(result.getRows()[0]?.[0]),
      fileBytes: (await stat(path)).size,
      columnBytes: new Map(),
      valueCounts: new Map(),
      nullCounts: new Map(),
      nanCounts: new Map(),
      lowerBounds: new Map(),
      upperBounds: new Map(),
      keyMetadata: null,
      splitOffsets: null,
      equalityIds: file.equalityIds ?? null,
      sortOrderId: null,
      referencedFile: file.referencedFile ?? null,
      ...file.over,
    }
  }
}
