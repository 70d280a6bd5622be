import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskStore } from '@hypermesh/object-store'
import { crashStates, startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { DefinitionStore } from '../src/definition-store.ts'

const schema = z.looseObject({ table: z.string().optional(), description: z.string().optional() })

/** What a process that starts there has: one of the kind, by its name or description, or nothing. */
async function kept(root: string, prefix: string): Promise<string | undefined> {
  const store = new DiskStore({ root, temporary: join(root, 'tmp') })
  const definitions = new DefinitionStore({ store, prefix, schema, what: 'definition' })
  const found = await definitions.list()
  expect(found.length).toBeLessThanOrEqual(1)
  return found[0]?.table ?? found[0]?.description
}

/** The values in the order in which they came, each once. */
const steps = (values: readonly (string | undefined)[]) =>
  values.filter((value, at) => at === 0 || value !== values[at - 1])

test('a process that dies while a definition is made, replaced or deleted leaves it as before or after', async () => {
  const base = await mkdtemp(join(tmpdir(), 'hypermesh-definitions-'))
  try {
    const files = join(base, 'files')
    await mkdir(files)
    await writeFile(join(files, 'a.csv'), 'a,b\n1,x\n')
    const directory = join(base, 'data')
    const config = { query: { virtualRoots: [files] } }
    await using platform = await startPlatform({ directory, config })
    const { writer } = platform.clients
    const query = (description: string) => ({ sql: 'SELECT 1', parameters: [], description })
    await using crashes = await crashStates(directory, async (mark) => {
      await writer.saveQuery('q', query('old'))
      mark('saved')
      await writer.saveQuery('q', query('new'))
      mark('replaced')
      await writer.linkVirtualTable({ table: 'n.v', path: join(files, 'a.csv') })
      mark('linked')
      await writer.deleteSavedQuery('q')
      await writer.unlinkVirtualTable('n.v')
    })
    const seen: Record<string, string | undefined>[] = []
    for (const [at, state] of crashes.states.entries()) {
      const now = {
        query: await kept(state, 'query/saved'),
        table: await kept(state, 'query/virtual-tables'),
      }
      seen.push(now)
      // What was acknowledged has happened.
      if (crashes.points[at] === 'saved') expect(now.query).toBe('old')
      if (crashes.points[at] === 'replaced') expect(now.query).toBe('new')
      if (crashes.points[at] === 'linked') expect(now).toEqual({ query: 'new', table: 'n.v' })
    }
    expect(crashes.points.length).toBeGreaterThan(20)
    expect(steps(seen.map(({ query }) => query))).toEqual([undefined, 'old', 'new', undefined])
    expect(steps(seen.map(({ table }) => table))).toEqual([undefined, 'n.v', undefined])
    // Another process goes on from any of them.
    const linked = crashes.states[crashes.points.indexOf('linked')] ?? ''
    await using next = await startPlatform({ directory: linked, config })
    expect((await next.clients.reader.sql('SELECT a FROM n.v')).rows).toEqual([[1]])
    expect((await next.clients.reader.runSavedQuery('q', {})).rows).toEqual([[1]])
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}, 240_000)
