import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startPlatform, topologies } from '@hypermesh/testing'
import { expect, test } from 'vitest'

const clientCount = 64

test.each(topologies)(
  '64 clients load, commit and ask at once: all land, and small questions are answered meanwhile (%s)',
  async (topology) => {
    await using platform = await startPlatform({ topology, network: true })
    const { writer, reader } = platform.clients
    const create = { body: 'client,n\n-1,0\n', format: 'csv' } as const
    await writer.ingest('busy.shared', create)
    let ended = 0
    const work = Array.from({ length: clientCount }, async (_, client) => {
      const body = `client,n\n${client},1\n${client},2\n`
      if (client % 4 === 0) await writer.ingest(`busy.own_${client}`, { body, format: 'csv' })
      else await writer.ingest('busy.shared', { body, format: 'csv' })
      // Properties without requirements: contention is rebased, and never the client's problem.
      await writer.commitTable('busy.shared', {
        requirements: [],
        updates: [{ action: 'set-properties', updates: { [`client_${client}`]: 'done' } }],
      })
      const own = client % 4 === 0 ? `busy.own_${client}` : 'busy.shared'
      const sql = `SELECT sum(n) FROM ${own} WHERE client = ${client}`
      const { rows } = await reader.sql(sql)
      ended += 1
      return rows
    })
    const failed = Promise.all(work)
    failed.catch(() => {
      ended = clientCount
    })
    const seen: number[] = []
    while (ended < clientCount) {
      expect((await platform.fetch('/healthz')).status).toBe(200)
      await readFile(fileURLToPath(import.meta.url))
      seen.push(ended)
    }
    expect(await failed).toEqual(Array.from({ length: clientCount }, () => [[3]]))
    // Health and the file system answered again and again before the last client had ended.
    expect(seen.length).toBeGreaterThan(10)
    const shared = await reader.sql('SELECT count(*), count(DISTINCT client) FROM busy.shared')
    expect(shared.rows).toEqual([[1 + 2 * 48, 1 + 48]])
    const { metadata } = await reader.loadTable('busy.shared')
    const done = Object.keys(metadata.properties ?? {}).filter((key) => key.startsWith('client_'))
    expect(done).toHaveLength(clientCount)
    expect((await reader.listTables()).tables).toHaveLength(1 + clientCount / 4)
  },
  120_000,
)
