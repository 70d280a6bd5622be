import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startPlatform } from '@hypermesh/testing'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { icebergRead } from 'icebird'
import { afterAll, beforeAll, expect, test } from 'vitest'

// icebird 0.3.1 reads by `fetch` only, and fetch knows no file: URLs. It gets the bytes as they are.
const realFetch = globalThis.fetch
beforeAll(() => {
  globalThis.fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
    if (!url.startsWith('file:')) return realFetch(input, init)
    const bytes = await readFile(fileURLToPath(url))
    const range = new Headers(init?.headers).get('range')
    const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
    const start = from ? Number(from) : to ? bytes.length - Number(to) : 0
    const end = from && to ? Number(to) + 1 : bytes.length
    const body = bytes.subarray(start, end)
    return new Response(init?.method === 'HEAD' ? null : new Uint8Array(body), {
      status: range === null ? 200 : 206,
      headers: { 'content-length': String(body.length) },
    })
  }
})
afterAll(() => {
  globalThis.fetch = realFetch
})

test('a table that was loaded, widened and extended reads equal by icebird and by SQL', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  const csv = (body: string) => writer.ingest('lab.readings', { body, format: 'csv' })
  await csv('id,when,value,ok\n1,2024-01-31 12:00:00,1.5,true\n2,2024-02-01 00:00:00,,false\n')
  await csv('id,note,value\n3,"added, later",2.25\n')
  await writer.ingest('lab.readings', {
    body: '{"id":4,"note":"déjà vu","value":-0.5,"ok":null}\n',
    format: 'ndjson',
  })
  const { metadata } = await reader.loadTable('lab.readings')
  const theirs = await icebergRead({ tableUrl: metadata.location, metadata: metadata as never })
  const ours = await reader.sql('SELECT id, value, ok, note FROM lab.readings ORDER BY id')
  const sorted = [...theirs].sort((a, b) => Number(a.id) - Number(b.id))
  expect(
    sorted.map((row) => [Number(row.id), row.value ?? null, row.ok ?? null, row.note ?? null]),
  ).toEqual(ours.rows)
  expect(sorted[0]?.when).toEqual(new Date('2024-01-31T12:00:00Z'))
})

test('an overwritten table shows icebird the new rows only', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  await writer.ingest('lab.t', { body: 'a\n1\n2\n', format: 'csv' })
  await writer.ingest('lab.t', { body: 'a\n7\n', format: 'csv', mode: 'overwrite' })
  const { metadata } = await reader.loadTable('lab.t')
  const rows = await icebergRead({ tableUrl: metadata.location, metadata: metadata as never })
  expect(rows).toEqual([{ a: 7n }])
})

test('the Parquet that a load writes reads equal by hyparquet', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  const lines = Array.from({ length: 1000 }, (_, index) => `${index},n${index % 7},${index / 8}`)
  const body = `id,name,share\n${lines.join('\n')}\n`
  const receipt = await writer.ingest('lab.wide', { body, format: 'csv' })
  expect(receipt.files).toBe(1)
  const { metadata } = await reader.loadTable('lab.wide')
  const data = new URL(`${metadata.location}/data/`)
  const [name] = await readdir(fileURLToPath(data))
  const file = await asyncBufferFromFile(fileURLToPath(new URL(name ?? '', data)))
  const rows = await parquetReadObjects({ file, compressors })
  expect(rows.map((row) => `${row.id},${row.name},${row.share}`)).toEqual(lines)
})
