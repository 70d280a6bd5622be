import { gzipSync } from 'node:zlib'
import {
  fileFormats,
  type IngestMode,
  type IngestReceipt,
  ingestMode,
  quoteIdentifier,
} from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileWriters } from './_file-writers.ts'
import {
  answerOf,
  type FileColumn,
  type FileContent,
  loadFile,
  type TableState,
} from './_table-model.ts'

const columns: readonly FileColumn[] = [
  { name: 'id', type: 'long' },
  { name: 'n', type: 'int' },
  { name: 'größe', type: 'double' },
  { name: 'word', type: 'string' },
  { name: 'seen at', type: 'timestamp' },
  { name: 'day', type: 'date' },
  { name: 'ok', type: 'boolean' },
]

const first: FileContent = {
  columns,
  rows: [
    [1, -2147483648, 0.1, 'déjà vu', '2024-01-31T12:00:00.123456', '2024-02-29', true],
    [-2, 2147483647, 1e300, '東京 🗼, "quoted"', '1969-12-31T23:59:59.999999', '1969-12-31', false],
    [3, null, null, null, null, null, null],
    [4, 0, -0, 'NULL', '1900-01-01T00:00:00', '9999-12-31', null],
    [5, -7, 5e-324, '', '2024-06-30T23:59:59.5', '0001-01-01', true],
  ],
}

const second: FileContent = {
  columns,
  rows: [
    [-9007199254740993n, 12, -1.7976931348623157e308, 'two\nlines', null, '2000-02-29', false],
    [11, null, 0.30000000000000004, "ẞ\t'\\", '2262-04-11T23:47:16.854775', null, true],
    [12, -1, -2.5, null, '2000-01-01T00:00:00', '1582-10-15', null],
  ],
}

/** `n` is wider, `note` is new and in front, `day` is missing, the order is another. */
const evolved: FileContent = {
  columns: [
    { name: 'note', type: 'string' },
    { name: 'id', type: 'long' },
    { name: 'ok', type: 'boolean' },
    { name: 'word', type: 'string' },
    { name: 'seen at', type: 'timestamp' },
    { name: 'größe', type: 'double' },
    { name: 'n', type: 'long' },
  ],
  rows: [
    ['ñ', 21, null, 'x', '2024-01-01T00:00:00.000001', 0.2, 9223372036854775807n],
    [null, 22, true, '', null, null, -3000000000],
    ['plain', 23, false, null, '2024-01-01T06:00:00', 1e-300, null],
  ],
}

const states = ['new', 'existing', 'evolved'] as const
const packed = fileFormats.flatMap((format) => {
  const plain = { format, compression: 'none' } as const
  return fileWriters[format].isText ? [plain, { format, compression: 'gzip' } as const] : [plain]
})
const cells = packed.flatMap((file) =>
  ingestMode.options.flatMap((mode) => states.map((state) => ({ ...file, mode, state }))),
)
type Cell = (typeof cells)[number]

describe.each(topologies)('%s', (topology) => {
  let platform: Platform
  beforeAll(async () => {
    platform = await startPlatform({ topology })
  })
  afterAll(() => platform[Symbol.asyncDispose]())

  test.each(cells)(
    '$format, packed $compression: $mode into a table that is $state',
    async (cell) => {
      const table = `matrix.${cell.state}_${cell.mode}_${cell.format}_${cell.compression}`
      const send = (content: FileContent, mode: IngestMode, types = {}) =>
        sendFile(platform, { table, cell, content, mode, types })
      const before = await seed(cell, send)
      const content = cell.state === 'new' ? first : cell.state === 'evolved' ? evolved : second
      const expected = loadFile(before?.state, content, cell.mode)
      const { receipt, bytes } = await send(content, cell.mode, intOf(cell, content))
      expect(receipt).toMatchObject({
        table,
        mode: cell.mode,
        result: 'committed',
        format: cell.format,
        compression: cell.compression,
        rows: content.rows.length,
        files: 1,
        bytesIn: bytes,
        schemaChanges: expected.schemaChanges,
      })
      const after = answerOf(expected.state)
      expect(await answer(platform, table)).toEqual(after)
      expect(await answer(platform, table, receipt.snapshotId)).toEqual(after)
      if (before === undefined) return
      const earlier = await answer(platform, table, before.snapshotId)
      expect(earlier).toEqual(answerOf(before.state))
    },
  )
})

type Send = (
  content: FileContent,
  mode: IngestMode,
  types?: Readonly<Record<string, string>>,
) => Promise<{ readonly receipt: IngestReceipt; readonly bytes: number }>

/** The table that the cell begins with, by the same format. */
async function seed(cell: Cell, send: Send) {
  if (cell.state === 'new') return undefined
  const { receipt } = await send(first, 'append', intOf(cell, first))
  const state: TableState = loadFile(undefined, first, 'append').state
  return { state, snapshotId: receipt.snapshotId }
}

/** Whole numbers of a text are read as long unless the load says otherwise. */
function intOf({ format }: Cell, content: FileContent): Readonly<Record<string, string>> {
  const ints = content.columns.filter(({ type }) => type === 'int')
  if (!fileWriters[format].isText) return {}
  return Object.fromEntries(ints.map(({ name }) => [name, 'INTEGER']))
}

interface SentFile {
  readonly table: string
  readonly cell: Cell
  readonly content: FileContent
  readonly mode: IngestMode
  readonly types: Readonly<Record<string, string>>
}

async function sendFile(platform: Platform, { table, cell, content, mode, types }: SentFile) {
  const { format, compression } = cell
  const plain = await fileWriters[format].write(content)
  const body = compression === 'gzip' ? gzipSync(plain) : plain
  const request = { body, format, compression, mode, types }
  return { receipt: await platform.clients.writer.ingest(table, request), bytes: body.length }
}

async function answer(platform: Platform, table: string, snapshotId?: number | string) {
  const at = snapshotId === undefined ? '' : ` AT (VERSION => ${snapshotId})`
  const sql = `SELECT * FROM ${table}${at} ORDER BY ${quoteIdentifier('id')}`
  const { columns: names, rows } = await platform.clients.reader.sql(sql)
  return { columns: names, rows }
}
