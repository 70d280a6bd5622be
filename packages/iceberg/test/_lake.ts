import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type {
  CreateTableRequest,
  DataFileEntry,
  IngestMode,
  Snapshot,
  TableMetadata,
} from '@hypermesh/contract'
import { DiskStore } from '@hypermesh/object-store'
import {
  applyUpdates,
  createTableMetadata,
  mintSnapshotId,
  Warehouse,
  writeSnapshot,
} from '../src/index.ts'

/** A warehouse on a real directory, with one table that tests commit to without a catalog. */
export class TestLake implements AsyncDisposable {
  readonly root: string
  readonly warehouse: Warehouse
  nowMs = 1_700_000_000_000

  constructor(root: string, uri = pathToFileURL(join(root, 'warehouse')).href) {
    this.root = root
    const store = new DiskStore({ root, temporary: join(root, 'tmp') })
    this.warehouse = new Warehouse(store, uri)
  }

  create(request: Omit<CreateTableRequest, 'name'>): TableMetadata {
    return createTableMetadata(
      { name: 't', ...request },
      {
        uuid: '2f0e3a3c-6a4b-4f3e-9d52-1a8f0a2a7a11',
        location: this.warehouse.tableLocation({ namespace: 'n', table: 't' }),
        nowMs: this.nowMs,
      },
    )
  }

  async commit(
    metadata: TableMetadata,
    mode: IngestMode,
    files: readonly DataFileEntry[],
  ): Promise<{ metadata: TableMetadata; snapshot: Snapshot; written: readonly string[] }> {
    this.nowMs += 1000
    const { snapshot, written } = await writeSnapshot({
      warehouse: this.warehouse,
      metadata,
      mode,
      files,
      summary: {},
      nowMs: this.nowMs,
      snapshotId: mintSnapshotId(),
    })
    const next = applyUpdates(
      metadata,
      [
        { action: 'add-snapshot', snapshot },
        {
          action: 'set-snapshot-ref',
          'ref-name': 'main',
          type: 'branch',
          'snapshot-id': snapshot['snapshot-id'],
        },
      ],
      { nowMs: this.nowMs },
    )
    return { metadata: next, snapshot, written }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** With `serve`, table URIs are those of a server over the lake's directory. */
export async function openLake(serve?: (root: string) => Promise<string>): Promise<TestLake> {
  const root = await mkdtemp(join(tmpdir(), 'iceberg-'))
  await mkdir(join(root, 'tmp'))
  return new TestLake(root, serve && `${await serve(root)}/warehouse`)
}

/** An entry without statistics, for tests that never open the file. */
export function plainEntry(path: string, recordCount = 1): DataFileEntry {
  return {
    path,
    recordCount,
    fileBytes: 100,
    columnBytes: {},
    valueCounts: {},
    nullCounts: {},
    nanCounts: {},
    lowerBounds: {},
    upperBounds: {},
  }
}
