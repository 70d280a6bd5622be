import { expect, test } from 'vitest'
import { planScan } from '../src/index.ts'
import { readManifest, readManifestList } from '../src/manifest-reader.ts'
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
  expect(plan.bytesPlanned).toBe(200)
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
