import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLake, plainEntry } from './_lake.ts'

// Debian's python3-avro is an Avro implementation that shares no code with avsc.
const python = '/usr/bin/python3'

const script = `
import avro.datafile, avro.io, json, sys
def plain(value):
    if isinstance(value, bytes): return value.hex()
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list): return [plain(v) for v in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
for path in sys.argv[1:]:
    reader = avro.datafile.DataFileReader(open(path, 'rb'), avro.io.DatumReader())
    meta = {k: v.decode() for k, v in reader.meta.items() if isinstance(v, bytes)}
    print(json.dumps({'meta': meta, 'records': [plain(r) for r in reader]}))
`

function hasPythonAvro(): boolean {
  try {
    execFileSync(python, ['-c', 'import avro.datafile'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('python3-avro decodes manifests and lists to what was written', async (context) => {
  if (!hasPythonAvro()) {
    process.stderr.write(
      'SKIPPED: python3-avro is not installed; manifests were not checked by it\n',
    )
    context.skip('install python3-avro to run this')
  }
  await using lake = await openLake()
  let metadata = lake.create({
    schema: {
      type: 'struct',
      fields: [
        { id: 1, name: 'a', type: 'long', required: false },
        { id: 2, name: 'my price', type: 'decimal(9,2)', required: false },
        { id: 3, name: 'other', type: 'decimal(9,2)', required: false },
        { id: 4, name: 'day', type: 'date', required: false },
        { id: 5, name: 'u', type: 'uuid', required: false },
      ],
    },
    'partition-spec': {
      fields: [
        { 'source-id': 2, name: 'my price', transform: 'identity' },
        { 'source-id': 3, name: 'other', transform: 'identity' },
        { 'source-id': 4, name: 'day_month', transform: 'month' },
        { 'source-id': 5, name: 'u', transform: 'identity' },
        { 'source-id': 1, name: 'a_bucket', transform: 'bucket[16]' },
      ],
    },
  })
  const base64 = (bytes: number[]) => Buffer.from(bytes).toString('base64')
  const entry = {
    ...plainEntry(`${metadata.location}/data/a.parquet`, 7),
    columnBytes: { 1: 11 },
    valueCounts: { 1: 7 },
    nullCounts: { 1: 2 },
    lowerBounds: { 1: base64([1, 0, 0, 0, 0, 0, 0, 0]) },
    upperBounds: { 1: base64([9, 0, 0, 0, 0, 0, 0, 0]) },
    partition: {
      1000: base64([0xff]),
      1001: null,
      1002: base64([0xff, 0xff, 0xff, 0xff]),
      1003: base64(Array.from({ length: 16 }, (_, i) => i)),
      1004: base64([3, 0, 0, 0]),
    },
  }
  const first = await lake.commit(metadata, 'append', [entry])
  metadata = first.metadata
  const second = await lake.commit(metadata, 'overwrite', [])
  const files = [...first.written, ...second.written].map((key) => join(lake.root, key))
  const output = execFileSync(python, ['-c', script, ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [manifest, list, removed, lastList] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(manifest.meta).toMatchObject({
    'format-version': '2',
    content: 'data',
    'schema-id': '0',
    'partition-spec-id': '0',
  })
  expect(JSON.parse(manifest.meta.schema)).toEqual(metadata.schemas[0])
  expect(JSON.parse(manifest.meta['partition-spec'])).toEqual(
    metadata['partition-specs'][0]?.fields,
  )
  expect(manifest.records).toEqual([
    {
      status: 1,
      snapshot_id: first.snapshot['snapshot-id'],
      sequence_number: null,
      file_sequence_number: null,
      data_file: {
        content: 0,
        file_path: entry.path,
        file_format: 'PARQUET',
        partition: {
          my_x20price: '-0.01',
          other: null,
          day_month: -1,
          u: expect.stringMatching(/^00010203-?0405-?0607-?0809-?0a0b0c0d0e0f$/),
          a_bucket: 3,
        },
        record_count: 7,
        file_size_in_bytes: 100,
        column_sizes: [{ key: 1, value: 11 }],
        value_counts: [{ key: 1, value: 7 }],
        null_value_counts: [{ key: 1, value: 2 }],
        nan_value_counts: null,
        lower_bounds: [{ key: 1, value: '0100000000000000' }],
        upper_bounds: [{ key: 1, value: '0900000000000000' }],
        key_metadata: null,
        split_offsets: null,
        equality_ids: null,
        sort_order_id: null,
        referenced_data_file: null,
      },
    },
  ])
  expect(list.meta).toMatchObject({
    'snapshot-id': String(first.snapshot['snapshot-id']),
    'parent-snapshot-id': 'null',
    'sequence-number': '1',
    'format-version': '2',
  })
  const summary = (bound: string | null, nulls = false) => ({
    contains_null: nulls,
    contains_nan: false,
    lower_bound: bound,
    upper_bound: bound,
  })
  expect(list.records).toMatchObject([
    {
      sequence_number: 1,
      min_sequence_number: 1,
      added_files_count: 1,
      existing_files_count: 0,
      deleted_files_count: 0,
      added_rows_count: 7,
      content: 0,
      partitions: [
        summary('ff'),
        summary(null, true),
        summary('ffffffff'),
        summary('000102030405060708090a0b0c0d0e0f'),
        summary('03000000'),
      ],
    },
  ])
  expect(removed.records).toMatchObject([
    {
      status: 2,
      sequence_number: 1,
      file_sequence_number: 1,
      snapshot_id: second.snapshot['snapshot-id'],
    },
  ])
  expect(removed.records[0].data_file).toEqual(manifest.records[0].data_file)
  expect(lastList.records).toMatchObject([{ deleted_files_count: 1, added_files_count: 0 }])
  expect(lastList.meta['parent-snapshot-id']).toBe(String(first.snapshot['snapshot-id']))
})
