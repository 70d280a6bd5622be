import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppendFilesRequest } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const fromStart = { sinceSeq: 0 }

async function load(catalog: OpenCatalog, more: Partial<AppendFilesRequest> = {}) {
  const commitId = randomUUID()
  const files = [await catalog.dataFile('n.t', commitId, 10)]
  const known = await catalog.client.loadTable('n.t').catch(() => undefined)
  const base = known && {
    tableUuid: known.metadata['table-uuid'],
    schemaId: known.metadata['current-schema-id'],
  }
  return catalog.client.appendFiles('n.t', {
    commitId,
    mode: 'append',
    files,
    base: base ?? null,
    ...(base ? {} : { schema }),
    ...more,
  })
}

test('the first files create namespace, table and snapshot in one record', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const reply = await load(catalog)
    expect(reply).toMatchObject({ result: 'committed', replayed: false })
    const { tables } = await catalog.client.listTables()
    expect(tables).toMatchObject([
      { table: 'n.t', snapshotId: reply.snapshotId, rows: 10, files: 1, bytes: 4 },
    ])
    expect(await readdir(join(root, 'catalog/log'))).toHaveLength(2)
  }))

test('a commit id that is sent again is answered, not applied again', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const commitId = randomUUID()
    const first = await load(catalog, { commitId, receipt: { rows: 10 } })
    const again = await load(catalog, { commitId, receipt: { rows: 99 } })
    await load(catalog)
    expect(await load(catalog, { commitId })).toEqual({ ...first, replayed: true })
    expect(again).toEqual({ ...first, replayed: true })
    expect(again.receipt).toEqual({ rows: 10 })
    const { snapshots } = await catalog.client.tableHistory('n.t')
    expect(snapshots).toHaveLength(2)
  }))

test('an abandoned commit can never land, a landed one stays landed', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const lost = randomUUID()
    expect(await catalog.client.settleCommit(lost, fromStart)).toEqual({
      outcome: 'abandoned',
      commit: null,
    })
    expect(await catalog.client.settleCommit(lost, fromStart)).toEqual({
      outcome: 'abandoned',
      commit: null,
    })
    await expect(load(catalog, { commitId: lost })).rejects.toMatchObject({ code: 'gone' })
    expect((await catalog.client.listTables()).tables).toEqual([])
    const kept = randomUUID()
    const reply = await load(catalog, { commitId: kept })
    expect(await catalog.client.settleCommit(kept, fromStart)).toMatchObject({
      outcome: 'committed',
      commit: { snapshotId: reply.snapshotId },
    })
  }))

test('of a commit and its settling at the same time, both tell the same story', () =>
  withDirectory(async (root) => {
    await using first = await openCatalog(root)
    await using second = await openCatalog(root)
    await load(first)
    for (let round = 0; round < 20; round++) {
      const commitId = randomUUID()
      const [landed, settled] = await Promise.allSettled([
        load(first, { commitId }),
        second.client.settleCommit(commitId, fromStart),
      ])
      if (settled.status === 'rejected') throw settled.reason
      const { snapshots } = await first.client.tableHistory('n.t')
      const ids = snapshots.map((snapshot) => snapshot.snapshotId)
      if (landed.status === 'fulfilled') {
        expect(settled.value).toMatchObject({ outcome: 'committed' })
        expect(ids).toContain(landed.value.snapshotId)
      } else {
        expect(landed.reason).toMatchObject({ code: 'gone' })
        expect(settled.value).toEqual({ outcome: 'abandoned', commit: null })
      }
    }
  }))

test('the same content is loaded once, until an overwrite has replaced it', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const a = await load(catalog, { contentKey: 'a' })
    expect(await load(catalog, { contentKey: 'a' })).toMatchObject({
      result: 'already-loaded',
      snapshotId: a.snapshotId,
    })
    expect(await load(catalog, { contentKey: 'a', mode: 'overwrite' })).toMatchObject({
      result: 'already-loaded',
    })
    await load(catalog, { contentKey: 'b' })
    expect(await load(catalog, { contentKey: 'a', mode: 'overwrite' })).toMatchObject({
      result: 'committed',
    })
    expect(await load(catalog, { contentKey: 'a', mode: 'append' })).toMatchObject({
      result: 'already-loaded',
    })
    expect(await load(catalog, { contentKey: 'b' })).toMatchObject({ result: 'committed' })
    expect(await load(catalog, { contentKey: 'b', again: true })).toMatchObject({
      result: 'committed',
    })
    const { tables } = await catalog.client.listTables()
    expect(tables[0]).toMatchObject({ rows: 30, files: 3 })
  }))

test('the same content sent by two processes at once is in the table once', () =>
  withDirectory(async (root) => {
    await using first = await openCatalog(root)
    await using second = await openCatalog(root)
    await load(first)
    const replies = await Promise.all(
      [first, second, first, second].map((catalog) => load(catalog, { contentKey: 'same' })),
    )
    expect(replies.filter((reply) => reply.result === 'committed')).toHaveLength(1)
    expect((await first.client.listTables()).tables[0]).toMatchObject({ rows: 20 })
  }))

test('a plan made on a schema or table that is gone is refused and leaves nothing', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await load(catalog)
    const before = await readdir(join(root, 'warehouse/n/t/metadata'))
    await expect(load(catalog, { base: null, schema })).rejects.toMatchObject({ code: 'conflict' })
    const gone = { tableUuid: randomUUID(), schemaId: 0 }
    await expect(load(catalog, { base: gone })).rejects.toMatchObject({ code: 'conflict' })
    const { metadata } = await catalog.client.loadTable('n.t')
    const wider = { ...schema, fields: [...schema.fields, column(3, 'extra')] }
    const base = { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
    await load(catalog, { base, schema: wider })
    await expect(load(catalog, { base, schema: wider })).rejects.toMatchObject({ code: 'conflict' })
    const after = await readdir(join(root, 'warehouse/n/t/metadata'))
    // One more commit: a manifest, a list, a metadata file.
    expect(after).toHaveLength(before.length + 3)
    expect((await catalog.client.loadTable('n.t')).metadata['last-column-id']).toBe(3)
  }))

test('files that are missing, cut short or outside the table are refused', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await load(catalog)
    const file = await catalog.dataFile('n.t', 'x', 1)
    const missing = { ...file, path: file.path.replace('x.parquet', 'y.parquet') }
    for (const bad of [missing, { ...file, fileBytes: 5 }]) {
      await expect(load(catalog, { files: [bad] })).rejects.toMatchObject({ code: 'invalid' })
    }
    const other = await catalog.dataFile('n.other', 'x', 1)
    const outside = { ...file, path: 'file:///etc/passwd', fileBytes: 1 }
    const climbing = { ...file, path: file.path.replace('/data/', '/data/../../other/data/') }
    for (const bad of [other, outside, climbing]) {
      await expect(load(catalog, { files: [bad] })).rejects.toMatchObject({ code: 'invalid' })
    }
    expect((await catalog.client.tableHistory('n.t')).snapshots).toHaveLength(1)
  }))

test('readers may look and may not append or settle', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await load(catalog)
    const reader = catalog.as('reader')
    expect((await reader.listTables()).tables).toHaveLength(1)
    const { metadata } = await reader.loadTable('n.t')
    const commit = {
      commitId: randomUUID(),
      mode: 'append' as const,
      files: [await catalog.dataFile('n.t', 'more', 1)],
      base: { tableUuid: metadata['table-uuid'], schemaId: 0 },
    }
    await expect(reader.appendFiles('n.t', commit)).rejects.toMatchObject({ code: 'forbidden' })
    expect((await reader.tableHistory('n.t')).snapshots).toHaveLength(1)
    await expect(reader.settleCommit(randomUUID(), fromStart)).rejects.toMatchObject({
      code: 'forbidden',
    })
  }))

test('a commit that is no longer remembered is found in the log, never abandoned', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { limits: { idempotencyKeysMax: 2 } })
    const { seq: sinceSeq } = await catalog.client.commitPosition()
    const commitId = randomUUID()
    const first = await load(catalog, { commitId })
    for (let index = 0; index < 3; index++) await load(catalog)
    expect(await catalog.client.findCommit(commitId)).toEqual({ outcome: 'unknown', commit: null })
    expect(await catalog.client.settleCommit(commitId, { sinceSeq })).toMatchObject({
      outcome: 'committed',
      commit: { snapshotId: first.snapshotId, commitSeq: first.commitSeq },
    })
  }))

test('a receipt with integers beyond 2^53 is replayed and settled as it was', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const commitId = randomUUID()
    const receipt = { id: 9_007_199_254_740_993n }
    await load(catalog, { commitId, receipt })
    expect((await load(catalog, { commitId })).receipt).toEqual(receipt)
    const { commit } = await catalog.client.settleCommit(commitId, fromStart)
    expect(commit?.receipt).toEqual(receipt)
  }))

test('many appends to one table at once do not undo each other’s work', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 1 })
    await load(catalog)
    const replies = await Promise.all(Array.from({ length: 40 }, () => load(catalog)))
    expect(new Set(replies.map((reply) => reply.snapshotId)).size).toBe(40)
    const metadata = await readdir(join(root, 'warehouse/n/t/metadata'))
    // Each commit wrote one manifest and one list: nothing was built twice and left.
    expect(metadata.filter((name) => name.startsWith('snap-'))).toHaveLength(41)
  }))

test('limits of tables, namespaces and properties hold at every door', () =>
  withDirectory(async (root) => {
    const limits = { tablesMax: 1, namespacesMax: 1, propertiesMax: 5 }
    await using catalog = await openCatalog(root, { limits })
    await load(catalog)
    const files = [await catalog.dataFile('n.other', 'x', 1)]
    const commit = { commitId: randomUUID(), mode: 'append' as const, files, base: null, schema }
    await expect(catalog.client.appendFiles('n.other', commit)).rejects.toMatchObject({
      code: 'too_large',
    })
    const updates = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`p${index}`, '']))
    const set = { requirements: [], updates: [{ action: 'set-properties' as const, updates }] }
    await expect(catalog.client.commitTable('n.t', set)).rejects.toMatchObject({
      code: 'too_large',
    })
    await catalog.client.dropTable('n.t')
    await expect(
      catalog.client.appendFiles('m.t', { ...commit, commitId: randomUUID(), files: [] }),
    ).rejects.toMatchObject({ code: 'too_large' })
  }))

test('a metadata file that is missing is damage, not a missing table', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await load(catalog)
    const { 'metadata-location': location } = await catalog.client.loadTable('n.t')
    await rm(new URL(location))
    await using other = await openCatalog(root)
    await expect(other.client.loadTable('n.t')).rejects.toMatchObject({ code: 'corrupt' })
  }))

test('a field id that was given away is not given to another column', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await load(catalog)
    const { metadata } = await catalog.client.loadTable('n.t')
    const base = { tableUuid: metadata['table-uuid'], schemaId: 0 }
    const add = (name: string) => ({ ...schema, fields: [...schema.fields, column(3, name)] })
    await load(catalog, { base, schema: add('first') })
    const back = [{ action: 'set-current-schema' as const, 'schema-id': 0 }]
    await catalog.client.commitTable('n.t', { requirements: [], updates: back })
    await expect(load(catalog, { base, schema: add('second') })).rejects.toMatchObject({
      code: 'conflict',
    })
  }))

function column(id: number, name: string) {
  return { id, name, type: 'string', required: false }
}

test('a table that files create has the partitions and the order that their writer names', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const layout = {
      partitionSpec: { fields: [{ 'source-id': 1, name: 'b', transform: 'bucket[4]' }] },
      sortOrder: {
        fields: [
          {
            'source-id': 2,
            transform: 'identity',
            direction: 'asc' as const,
            'null-order': 'nulls-last' as const,
          },
        ],
      },
    }
    const file = await catalog.dataFile('n.t', 'a', 10)
    const three = Buffer.from([3, 0, 0, 0]).toString('base64')
    const stated = { ...file, partition: { 1000: three }, sortOrderId: 1 }
    const bad = {
      ...layout,
      partitionSpec: { fields: [{ 'source-id': 9, name: 'b', transform: 'void' }] },
    }
    await expect(load(catalog, { files: [stated], layout: bad })).rejects.toMatchObject({
      code: 'invalid',
    })
    await load(catalog, { files: [stated], layout })
    const { metadata } = await catalog.client.loadTable('n.t')
    expect(metadata).toMatchObject({
      'default-spec-id': 0,
      'partition-specs': [{ fields: [{ 'field-id': 1000, transform: 'bucket[4]' }] }],
      'default-sort-order-id': 1,
      'sort-orders': [{ 'order-id': 1, fields: [{ 'source-id': 2 }] }],
    })
    const { partitions } = await catalog.client.describeTable('n.t')
    expect(partitions).toEqual([{ values: { b: '3' }, files: 1, rows: 10, bytes: 4 }])
  }))
