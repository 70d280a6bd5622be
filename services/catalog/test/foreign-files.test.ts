import { randomUUID } from 'node:crypto'
import { mkdir, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  currentSnapshot,
  type DataFile,
  encodeManifestList,
  ManifestWriter,
  mintSnapshotId,
} from '@hypermesh/iceberg'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const withTable = (body: (catalog: OpenCatalog) => Promise<void>) => () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await catalog.send('POST', '/namespaces', { namespace: ['n'] })
    await catalog.send('POST', '/namespaces/n/tables', { name: 't', schema })
    await body(catalog)
  })

const path = '/namespaces/n/tables/t'
const local = (uri: string) => uri.replace('file://', '')
const ids = '{id: 1, name: 2}'
const both = "SELECT 1::BIGINT AS id, 'x' AS name"

/** A Parquet file in the table's directory, as another engine would describe it. */
async function write(location: string, query: string, fieldIds?: string): Promise<DataFile> {
  const uri = `${location}/data/${randomUUID()}.parquet`
  await mkdir(dirname(local(uri)), { recursive: true })
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  const options = fieldIds === undefined ? '' : `, FIELD_IDS ${fieldIds}`
  await duckdb.run(`COPY (${query}) TO '${local(uri)}' (FORMAT parquet${options})`)
  duckdb.disconnectSync()
  const none = new Map()
  return {
    content: 0,
    path: uri,
    format: 'PARQUET',
    partition: none,
    recordCount: 1,
    fileBytes: (await stat(local(uri))).size,
    columnBytes: none,
    valueCounts: none,
    nullCounts: none,
    nanCounts: none,
    lowerBounds: none,
    upperBounds: none,
    keyMetadata: null,
    splitOffsets: null,
    equalityIds: null,
    sortOrderId: null,
    referencedFile: null,
  }
}

/** Commits the files as one snapshot by the protocol, writing what the protocol leaves to clients. */
async function commit(catalog: OpenCatalog, files: readonly DataFile[], before: object[] = []) {
  const { metadata } = await catalog.client.loadTable('n.t')
  const parent = currentSnapshot(metadata)
  const sequenceNumber = Number(metadata['last-sequence-number']) + 1
  const snapshotId = mintSnapshotId()
  const writer = new ManifestWriter({ metadata, snapshotId, sequenceNumber, uuid: randomUUID() })
  const entries = files.map((file) => ({
    status: 1 as const,
    snapshotId,
    sequenceNumber: undefined,
    fileSequenceNumber: undefined,
    file,
  }))
  const header = { snapshotId, parentId: parent?.['snapshot-id'], sequenceNumber }
  const manifests = writer.add(entries, 0, 0)
  const list = writer.addFile(`snap-${snapshotId}.avro`, encodeManifestList(header, manifests))
  for (const { uri, body } of writer.pending) {
    await writeFile(local(uri), body)
  }
  const snapshot = {
    'snapshot-id': snapshotId,
    ...(parent === undefined ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'sequence-number': sequenceNumber,
    'timestamp-ms': metadata['last-updated-ms'],
    'manifest-list': list,
    summary: { operation: 'append' },
  }
  return catalog.send('POST', path, {
    requirements: [],
    updates: [
      ...before,
      { action: 'add-snapshot', snapshot },
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': snapshotId,
      },
    ],
  })
}

const locationOf = async (catalog: OpenCatalog) =>
  (await catalog.client.loadTable('n.t')).metadata.location
const mappingOf = async (catalog: OpenCatalog) => {
  const { metadata } = await catalog.client.loadTable('n.t')
  const text = metadata.properties?.['schema.name-mapping.default']
  return text === undefined ? undefined : JSON.parse(text)
}
const evolve = (catalog: OpenCatalog, ...columns: [number, string][]) =>
  catalog.send('POST', path, {
    requirements: [],
    updates: [
      {
        action: 'add-schema',
        schema: {
          type: 'struct',
          fields: columns.map(([id, name]) => ({ id, name, type: 'long', required: false })),
        },
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })

test(
  'files without column ids give the table a name mapping, which grows with its columns',
  withTable(async (catalog) => {
    const location = await locationOf(catalog)
    expect((await commit(catalog, [await write(location, both, ids)])).status).toBe(200)
    expect(await mappingOf(catalog)).toBeUndefined()
    const plain = await write(location, both)
    expect((await commit(catalog, [await write(location, both, ids), plain])).status).toBe(200)
    expect(await mappingOf(catalog)).toEqual([
      { 'field-id': 1, names: ['id'] },
      { 'field-id': 2, names: ['name'] },
    ])
    await evolve(catalog, [1, 'key'], [3, 'more'])
    await commit(catalog, [await write(location, 'SELECT 1::BIGINT AS key, 2::BIGINT AS more')])
    expect(await mappingOf(catalog)).toEqual([
      { 'field-id': 1, names: ['id', 'key'] },
      { 'field-id': 3, names: ['more'] },
      { 'field-id': 2, names: ['name'] },
    ])
    // From now on `id` would mean two columns: no mapping is better than one that is wrong.
    await evolve(catalog, [1, 'key'], [9, 'id'])
    await commit(catalog, [await write(location, 'SELECT 1::BIGINT AS key, 2::BIGINT AS id')])
    expect(await mappingOf(catalog)).toBeUndefined()
    await commit(catalog, [await write(location, 'SELECT 1::BIGINT AS key')])
    expect(await mappingOf(catalog)).toBeUndefined()
  }),
)

test(
  'a name mapping that somebody has set is left as it is',
  withTable(async (catalog) => {
    const mapping = [{ 'field-id': 1, names: ['id', 'key'] }]
    const set = {
      action: 'set-properties',
      updates: { 'schema.name-mapping.default': JSON.stringify(mapping) },
    }
    const plain = await write(await locationOf(catalog), both)
    expect((await commit(catalog, [plain], [set])).status).toBe(200)
    expect(await mappingOf(catalog)).toEqual(mapping)
  }),
)

test(
  'a snapshot whose files are not there, not whole, no parquet or half named is refused whole',
  withTable(async (catalog) => {
    const location = await locationOf(catalog)
    const good = await write(location, both, ids)
    const cut = await write(location, both, ids)
    await truncate(local(cut.path), cut.fileBytes - 1)
    const junk = await write(location, both, ids)
    await truncate(local(junk.path), 0)
    await truncate(local(junk.path), junk.fileBytes)
    const bad: [string, DataFile][] = [
      ['is not there', { ...good, path: `${location}/data/absent.parquet` }],
      ['is not there', { ...good, fileBytes: good.fileBytes + 1 }],
      ['is not there', cut],
      ['is no parquet file', junk],
      ['write all or none', await write(location, both, '{id: 1}')],
      ['is not inside the warehouse', { ...good, path: 'file:///etc/passwd' }],
    ]
    for (const [message, file] of bad) {
      const { status, body } = await commit(catalog, [good, file])
      expect([status, body.error.message]).toEqual([400, expect.stringContaining(message)])
    }
    const nowhere = await catalog.send('POST', path, {
      requirements: [],
      updates: [
        {
          action: 'add-snapshot',
          snapshot: {
            'snapshot-id': 1,
            'sequence-number': 1,
            'timestamp-ms': (await catalog.client.loadTable('n.t')).metadata['last-updated-ms'],
            'manifest-list': `${location}/metadata/absent.avro`,
            summary: { operation: 'append' },
          },
        },
      ],
    })
    expect([nowhere.status, nowhere.body.error.type]).toEqual([400, 'BadRequestException'])
    const { metadata } = await catalog.client.loadTable('n.t')
    expect(metadata.snapshots).toEqual([])
    expect((await commit(catalog, [good])).status).toBe(200)
  }),
)
