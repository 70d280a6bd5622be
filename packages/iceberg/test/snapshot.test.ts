import { expect, test } from 'vitest'
import { applyUpdates, planScan, reachableFiles } from '../src/index.ts'
import { mergeManifests } from '../src/manifest-merge.ts'
import { readManifest, readManifestList } from '../src/manifest-reader.ts'
import { ManifestWriter } from '../src/manifest-writer.ts'
import { openLake, plainEntry } from './_lake.ts'

const schema = {
  type: 'struct' as const,
  fields: [{ id: 7, name: 'a', type: 'long', required: false }],
}

test('what was appended is planned in the order of its loads, with inherited sequence numbers', async () => {
  await using lake = await openLake()
  let metadata = lake.create({ schema })
  const uri = (name: string) => `${metadata.location}/data/${name}.parquet`
  metadata = (await lake.commit(metadata, 'append', [plainEntry(uri('a'), 3)])).metadata
  const second = await lake.commit(metadata, 'append', [plainEntry(uri('b'), 4)])
  metadata = second.metadata
  const plan = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: undefined,
  })
  expect(plan.files.map((file) => file.uri)).toEqual([uri('a'), uri('b')])
  expect(plan.files[0]?.localPath).toBe(`${lake.root}/warehouse/n/t/data/a.parquet`)
  expect(plan.planned).toEqual({ files: 2, bytes: 200, rows: 7 })
  const manifests = await readManifestList(lake, second.snapshot)
  const entries = await Promise.all(manifests.map((manifest) => readManifest(lake, manifest)))
  expect(entries.flat().map((entry) => entry.sequenceNumber)).toEqual([2, 1])
  expect(second.snapshot.summary).toMatchObject({
    operation: 'append',
    'added-records': '4',
    'total-records': '7',
    'total-data-files': '2',
    'total-files-size': '200',
  })
})

test('an overwrite marks every file deleted under its own numbers and resets the totals', async () => {
  await using lake = await openLake()
  let metadata = lake.create({ schema })
  const uri = (name: string) => `${metadata.location}/data/${name}.parquet`
  metadata = (await lake.commit(metadata, 'append', [plainEntry(uri('a'), 3)])).metadata
  const over = await lake.commit(metadata, 'overwrite', [plainEntry(uri('b'), 5)])
  const manifests = await readManifestList(lake, over.snapshot)
  expect(manifests.map((m) => [m.addedFiles, m.deletedFiles, m.deletedRows])).toEqual([
    [1, 0, 0],
    [0, 1, 3],
  ])
  const [, removed] = manifests
  const entries = removed === undefined ? [] : await readManifest(lake, removed)
  expect(entries).toMatchObject([
    {
      status: 2,
      sequenceNumber: 1,
      fileSequenceNumber: 1,
      snapshotId: over.snapshot['snapshot-id'],
    },
  ])
  expect(over.snapshot.summary).toMatchObject({
    operation: 'overwrite',
    'deleted-data-files': '1',
    'deleted-records': '3',
    'total-records': '5',
    'total-data-files': '1',
  })
  const next = await lake.commit(over.metadata, 'append', [plainEntry(uri('c'), 1)])
  expect(await readManifestList(lake, next.snapshot)).toHaveLength(2)
})

test('small manifests are merged at the count that the table asks for, losing nothing', async () => {
  await using lake = await openLake()
  let metadata = lake.create({
    schema,
    properties: { 'commit.manifest.min-count-to-merge': '4' },
  })
  const counts: number[] = []
  for (let index = 0; index < 9; index += 1) {
    const path = `${metadata.location}/data/${index}.parquet`
    const commit = await lake.commit(metadata, 'append', [plainEntry(path)])
    metadata = commit.metadata
    counts.push((await readManifestList(lake, commit.snapshot)).length)
  }
  expect(counts).toEqual([1, 2, 3, 2, 3, 2, 3, 2, 3])
  const plan = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: undefined,
  })
  expect(plan.files.map((file) => file.uri.match(/(\d)\.parquet/)?.[1]).sort()).toEqual([
    ...'012345678',
  ])
})

test('a full manifest is left alone, by files or by bytes, and so is one too full for another', async () => {
  await using lake = await openLake()
  const metadata = lake.create({ schema })
  const [manifest] = await readManifestList(
    lake,
    (await lake.commit(metadata, 'append', [plainEntry(`${metadata.location}/data/a`)])).snapshot,
  )
  const many = (existingFiles: number, bytes: number) =>
    // No such files are stored: to read one would fail.
    Array.from({ length: 150 }, (_, index) => ({
      ...(manifest ?? expect.unreachable()),
      ...{ path: `${metadata.location}/metadata/${index}.avro`, addedFiles: 0 },
      ...{ existingFiles, bytes },
    }))
  const uuid = 'u'
  const writer = new ManifestWriter({ metadata, snapshotId: 9, sequenceNumber: 9, uuid })
  for (const [files, bytes] of [
    [20_000, 1_000_000],
    [15_000, 1_000_000],
    [1, 8 * 1024 * 1024],
    [1, 5 * 1024 * 1024],
  ] as const) {
    const manifests = many(files, bytes)
    expect(
      await mergeManifests({ warehouse: lake.warehouse, metadata }, writer, manifests),
    ).toEqual(manifests)
  }
  expect(writer.pending).toEqual([])
})

test('an append rewrites a bounded part of the manifests, however many there are', async () => {
  await using lake = await openLake()
  let metadata = lake.create({ schema })
  const file = (index: number) => plainEntry(`${metadata.location}/data/${index}.parquet`)
  const first = await lake.commit(metadata, 'append', [file(0)])
  const bytes = (await readManifestList(lake, first.snapshot))[0]?.bytes ?? 0
  metadata = {
    ...first.metadata,
    properties: {
      'commit.manifest.min-count-to-merge': '4',
      'commit.manifest.target-size-bytes': `${bytes * 5}`,
    },
  }
  const rewritten: number[] = []
  for (let index = 1; index < 60; index += 1) {
    const commit = await lake.commit(metadata, 'append', [file(index)])
    metadata = commit.metadata
    rewritten.push(commit.written.length - 2)
  }
  expect(Math.max(...rewritten), 'beside the manifest that is added and the list').toBe(1)
  const plan = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: undefined,
  })
  expect(new Set(plan.files.map((planned) => planned.uri)).size).toBe(60)
})

test('every file that some snapshot names is reachable, and nothing else', async () => {
  await using lake = await openLake()
  const created = lake.create({ schema })
  const uri = (name: string) => `${created.location}/data/${name}.parquet`
  expect(await reachableFiles(lake, created)).toEqual(new Set())
  const one = await lake.commit(created, 'append', [plainEntry(uri('a')), plainEntry(uri('b'))])
  const two = await lake.commit(one.metadata, 'append', [plainEntry(uri('c'))])
  const three = await lake.commit(two.metadata, 'overwrite', [plainEntry(uri('d'))])
  // Written, never committed.
  await lake.commit(three.metadata, 'append', [plainEntry(uri('lost'))])
  const manifests = (...commits: readonly { written: readonly string[] }[]) =>
    commits.flatMap((commit) => commit.written.map((key) => lake.warehouse.toUri(key)))
  const logged = { 'timestamp-ms': 1, 'metadata-file': `${created.location}/metadata/0.json` }
  expect(
    await reachableFiles(lake, { ...three.metadata, 'metadata-log': [logged] }),
    'what the overwrite removed is there for time travel',
  ).toEqual(
    new Set([
      ...manifests(one, two, three),
      ...['a', 'b', 'c', 'd'].map(uri),
      logged['metadata-file'],
    ]),
  )
  const kept = three.metadata.snapshots?.slice(-1) ?? []
  const expired = await reachableFiles(lake, { ...three.metadata, snapshots: kept })
  expect(expired).toEqual(new Set([...manifests(three), ...['a', 'b', 'c', 'd'].map(uri)]))
})

test('after a replacement of the table an older snapshot is pruned by the types that it had', async () => {
  await using lake = await openLake()
  const partition = { fields: [{ 'source-id': 7, name: 'a', transform: 'identity' }] }
  const created = lake.create({ schema, 'partition-spec': partition })
  const path = `${created.location}/data/old.parquet`
  const bound = Buffer.alloc(8)
  bound.writeBigInt64LE(300n)
  const entry = { ...plainEntry(path), partition: { 1000: bound.toString('base64') } }
  const old = await lake.commit(created, 'append', [entry])
  const replaced = applyUpdates(
    old.metadata,
    [
      { action: 'remove-snapshot-ref', 'ref-name': 'main' },
      {
        action: 'add-schema',
        schema: { type: 'struct', fields: [{ id: 1, name: 'a', type: 'string', required: false }] },
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    { nowMs: lake.nowMs },
  )
  const plan = (value: number) =>
    planScan({
      warehouse: lake.warehouse,
      metadata: replaced,
      snapshotId: old.snapshot['snapshot-id'],
      predicate: { op: '=', column: 'a', value: { type: 'BIGINT', text: `${value}` } },
    })
  expect((await plan(300)).files.map((file) => file.uri)).toEqual([path])
  expect((await plan(301)).files).toEqual([])
})
