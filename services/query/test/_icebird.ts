import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Platform } from '@hypermesh/testing'
import { icebergRead } from 'icebird'

/** The table's rows as icebird 0.3.1 reads them. It reads by `fetch` only, which knows no file: URLs. */
export async function readByIcebird(
  platform: Platform,
  table: string,
): Promise<Record<string, unknown>[]> {
  const { metadata } = await platform.clients.reader.loadTable(table)
  const realFetch = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
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
  try {
    return await icebergRead({ tableUrl: metadata.location, metadata: metadata as never })
  } finally {
    globalThis.fetch = realFetch
  }
}
