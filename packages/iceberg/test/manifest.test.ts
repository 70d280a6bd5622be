import { deflateRawSync } from 'node:zlib'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { decodeAvroFile, encodeAvroFile } from '../src/avro-container.ts'
import { ManifestCache, planScan, writeSnapshot } from '../src/index.ts'
import { encodeManifest } from '../src/manifest.ts'
import { decodeManifestList, encodeManifestList } from '../src/manifest-list.ts'
import { readManifest, readManifestList } from '../src/manifest-reader.ts'
import type { ManifestFile } from '../src/manifest-types.ts'
import { openLake, plainEntry, type TestLake } from './_lake.ts'

const longs = { type: 'record', name: 'r', fields: [{ name: 'x', type: 'long' }] } as const
const values = [
  0,
  -1,
  1,
  63,
  64,
  -64,
  -65,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
const schema = {
  type: 'struct' as const,
  fields: [{ id: 1, name: 'a', type: 'long', required: false }],
}

test('an avro long comes back exactly, and a bigint only where a number cannot hold it', () => {
  const records = values.map((x) => ({ x }))
  const file = decodeAvroFile(encodeAvroFile(longs, records, { note: 'é' }))
  expect(file.records.map((record) => (record as { x: unknown }).x)).toEqual(values)
  expect(file.header.get('note')).toBe('é')
  expect(file.header.get('avro.schema')).toBe(JSON.stringify(longs))
})

test('many blocks are one sequence', () => {
  const text = { type: 'record', name: 'r', fields: [{ name: 'x', type: 'string' }] } as const
  const records = Array.from({ length: 3000 }, (_, index) => ({ x: `${index}`.repeat(100) }))
  const { records: read } = decodeAvroFile(encodeAvroFile(text, records, {}))
  expect(read.map((record) => ({ ...(record as object) }))).toEqual(records)
})

/** A container file by avsc's own block encoder, which knows other codecs. */
async function byAvsc(codec: string, compress: (block: Buffer) => Buffer): Promise<Buffer> {
  const encoder = new avro.streams.BlockEncoder(avro.Type.forSchema(longs as never), {
    codec,
    codecs: {
      [codec]: (block: Buffer, done: (e: null, b: Buffer) => void) => done(null, compress(block)),
    },
  } as never)
  const chunks: Buffer[] = []
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const x of [1, 2, 300]) encoder.write({ x })
  await new Promise((resolve) => encoder.on('end', resolve).end())
  return Buffer.concat(chunks)
}

/** Snappy of one literal, and the checksum that Avro adds and we do not need. */
function snappyLiteral(block: Buffer): Buffer {
  const head = Buffer.from([block.length, (block.length - 1) << 2])
  return Buffer.concat([head, block, Buffer.alloc(4)])
}

test('null, deflate and snappy are read; other codecs are unsupported', async () => {
  const readable: [string, (block: Buffer) => Buffer][] = [
    ['null', (block) => block],
    ['deflate', (block) => deflateRawSync(block)],
    ['snappy', snappyLiteral],
  ]
  for (const [codec, compress] of readable) {
    const { records } = decodeAvroFile(await byAvsc(codec, compress))
    expect([codec, ...records.map((record) => (record as { x: number }).x)]).toEqual([
      codec,
      1,
      2,
      300,
    ])
  }
  const zstd = await byAvsc('zstandard', (block) => block)
  expect(() => decodeAvroFile(zstd)).toThrow(expect.objectContaining({ code: 'unsupported' }))
})

test('a damaged avro file is corrupt wherever it is cut or changed, never silently shorter', () => {
  const file = encodeAvroFile(
    longs,
    values.map((x) => ({ x })),
    {},
  )
  const corrupt = expect.objectContaining({ code: 'corrupt' })
  const whole = file.length
  for (let length = 0; length < whole; length += 1) {
    const cut = file.subarray(0, length)
    // A file that ends right after its header is an empty one.
    if (isHeaderOnly(cut)) continue
    expect(() => decodeAvroFile(cut), `cut at ${length}`).toThrow(corrupt)
  }
  const flipped = Buffer.from(file)
  flipped[whole - 20] = (flipped[whole - 20] ?? 0) ^ 0xff
  expect(() => decodeAvroFile(flipped)).toThrow(corrupt)
})

function isHeaderOnly(bytes: Buffer): boolean {
  try {
    return decodeAvroFile(bytes).records.length === 0
  } catch {
    return false
  }
}

test('a manifest list of format v1 lacks counts, content and sequence numbers', () => {
  const v1 = {
    type: 'record',
    name: 'manifest_file',
    fields: [
      { name: 'manifest_path', type: 'string', 'field-id': 500 },
      { name: 'manifest_length', type: 'long', 'field-id': 501 },
      { name: 'partition_spec_id', type: 'int', 'field-id': 502 },
      { name: 'added_snapshot_id', type: ['null', 'long'], 'field-id': 503 },
      { name: 'added_data_files_count', type: ['null', 'int'], 'field-id': 504 },
    ],
  }
  const record = {
    manifest_path: 'm',
    manifest_length: 5,
    partition_spec_id: 0,
    added_snapshot_id: 2n ** 60n,
    added_data_files_count: 3,
  }
  expect(decodeManifestList(encodeAvroFile(v1, [record], {})).manifests).toMatchObject([
    { path: 'm', content: 0, sequenceNumber: 0, addedFiles: 3, existingFiles: undefined },
  ])
  expect(decodeManifestList(encodeAvroFile(v1, [record], {})).manifests[0]?.addedSnapshotId).toBe(
    2n ** 60n,
  )
})

test('a delete file stands beside the data it applies to; an overwrite removes both', async () => {
  await using lake = await openLake()
  const first = await lake.commit(lake.create({ schema }), 'append', [
    plainEntry(`${lake.warehouse.uri}/n/t/data/a.parquet`),
  ])
  const metadata = await withDeleteFile(lake, first)
  const request = {
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: undefined,
  }
  const plan = await planScan(request)
  expect(plan.deletes.files).toBe(1)
  expect(plan.files[0]?.positionDeletes).toMatchObject([
    { uri: `${metadata.location}/data/d.parquet` },
  ])
  const over = await lake.commit(metadata, 'overwrite', [])
  expect(over.snapshot.summary).toMatchObject({
    'removed-delete-files': '1',
    'deleted-data-files': '1',
    'total-delete-files': '0',
  })
  const manifests = await readManifestList(lake, over.snapshot)
  expect(manifests.map((manifest) => [manifest.content, manifest.deletedFiles])).toEqual([
    [0, 1],
    [1, 1],
  ])
  expect((await planScan({ ...request, metadata: over.metadata })).files).toEqual([])
})

/** Rewrites the manifest list of the commit so that it also names a position delete file. */
async function withDeleteFile(
  lake: TestLake,
  { metadata, snapshot }: Awaited<ReturnType<TestLake['commit']>>,
) {
  const [data] = await readManifestList(lake, snapshot)
  if (data === undefined) throw new Error('no manifest')
  const [entry] = await readManifest(lake, data)
  if (entry === undefined) throw new Error('no entry')
  const file = {
    ...entry.file,
    content: 1,
    path: `${metadata.location}/data/d.parquet`,
    recordCount: 1,
  }
  const [tableSchema] = metadata.schemas
  if (tableSchema === undefined) throw new Error('no schema')
  const header = {
    schema: tableSchema,
    spec: { 'spec-id': 0, fields: [] },
    partition: [],
    content: 1,
  }
  const body = encodeManifest(header, [{ ...entry, file }])
  const deletes: ManifestFile = {
    ...data,
    path: `${metadata.location}/metadata/deletes.avro`,
    bytes: body.length,
    content: 1,
  }
  const list = encodeManifestList(
    { snapshotId: snapshot['snapshot-id'], parentId: undefined, sequenceNumber: 1 },
    [data, deletes],
  )
  await lake.warehouse.store.put(lake.warehouse.toKey(deletes.path), body)
  await lake.warehouse.store.put(lake.warehouse.toKey(snapshot['manifest-list']), list)
  return metadata
}

test('a snapshot that cannot be written whole leaves nothing behind', async () => {
  await using lake = await openLake()
  const metadata = lake.create({ schema })
  const { store } = lake.warehouse
  const failing = new Proxy(store, {
    get(target, name) {
      if (name !== 'put') return Reflect.get(target, name).bind(target)
      return (key: string, ...rest: [Uint8Array]) =>
        key.includes('snap-') ? Promise.reject(new Error('disk on fire')) : target.put(key, ...rest)
    },
  })
  const warehouse = new (lake.warehouse.constructor as typeof import('../src/index.ts').Warehouse)(
    failing,
    lake.warehouse.uri,
  )
  const files = [plainEntry(`${metadata.location}/data/a.parquet`)]
  const request = {
    warehouse,
    metadata,
    files,
    mode: 'append',
    summary: {},
    nowMs: 1,
    snapshotId: 5,
  } as const
  await expect(writeSnapshot(request)).rejects.toThrow('disk on fire')
  expect((await store.list({ prefix: 'warehouse', limit: 10 })).objects).toEqual([])
})

test('files outside the table, or named twice, are refused', async () => {
  await using lake = await openLake()
  const metadata = lake.create({ schema })
  const invalid = { code: 'invalid' }
  const inside = plainEntry(`${metadata.location}/data/a.parquet`)
  await expect(lake.commit(metadata, 'append', [inside, inside])).rejects.toMatchObject(invalid)
  for (const path of [
    `${lake.warehouse.uri}/n/other/a.parquet`,
    `${metadata.location}/../other/a.parquet`,
    'file:///etc/passwd',
  ]) {
    await expect(lake.commit(metadata, 'append', [plainEntry(path)])).rejects.toMatchObject(invalid)
  }
})

test('the partition of a file is told from its bounds where they prove one, else refused', async () => {
  await using lake = await openLake()
  const metadata = lake.create({
    schema: {
      type: 'struct',
      fields: [
        { id: 1, name: 'a', type: 'long', required: false },
        { id: 2, name: 'd', type: 'date', required: false },
      ],
    },
    'partition-spec': {
      fields: [
        { 'source-id': 1, name: 'a', transform: 'identity' },
        { 'source-id': 2, name: 'd_year', transform: 'year' },
      ],
    },
  })
  const long = (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes.toString('base64')
  }
  const date = (days: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(days)
    return bytes.toString('base64')
  }
  const entry = {
    ...plainEntry(`${metadata.location}/data/a.parquet`),
    nullCounts: { 1: 0, 2: 0 },
    lowerBounds: { 1: long(7n), 2: date(0) },
    upperBounds: { 1: long(7n), 2: date(364) },
  }
  const { snapshot } = await lake.commit(metadata, 'append', [entry])
  const [manifest] = await readManifestList(lake, snapshot)
  const entries = manifest === undefined ? [] : await readManifest(lake, manifest)
  expect(entries.map((added) => [...added.file.partition])).toEqual([
    [
      [1000, 7],
      [1001, 0],
    ],
  ])
  const unproven = [
    { ...entry, upperBounds: { 1: long(8n), 2: date(364) } },
    { ...entry, upperBounds: { 1: long(7n), 2: date(365) } },
    { ...entry, nullCounts: {} },
  ]
  for (const file of unproven) {
    await expect(lake.commit(metadata, 'append', [file])).rejects.toMatchObject({
      code: 'unsupported',
    })
  }
})

test('the cache stays below its bound and drops what was not used for longest', () => {
  const cache = new ManifestCache(28_000)
  for (const path of ['a', 'b', 'c']) cache.addList(path, [], 500)
  expect(cache.bytes).toBe(27_000)
  expect(cache.list('a')).toEqual([])
  cache.addList('d', [], 500)
  expect(cache.list('b')).toBeUndefined()
  expect(cache.list('a')).toEqual([])
  expect(cache.manifest('a')).toBeUndefined()
  cache.addList('large', [], 28_000)
  expect(cache.list('large')).toBeUndefined()
  expect(cache.bytes).toBeLessThanOrEqual(28_000)
})
