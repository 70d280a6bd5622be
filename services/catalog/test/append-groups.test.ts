import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppendFilesRequest } from '@hypermesh/contract'
import { onFaultPoint } from '@hypermesh/object-store'
import { afterEach, expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

afterEach(() => onFaultPoint(undefined))

async function createTable(catalog: OpenCatalog): Promise<void> {
  const files = [await catalog.dataFile('n.t', 'first', 1)]
  const commit = { commitId: randomUUID(), mode: 'append', files, base: null, schema } as const
  await catalog.client.appendFiles('n.t', commit)
}

async function requestOf(catalog: OpenCatalog, more: Partial<AppendFilesRequest> = {}) {
  const commitId = more.commitId ?? randomUUID()
  const { metadata } = await catalog.client.loadTable('n.t')
  const base = { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
  const files = [await catalog.dataFile('n.t', randomUUID(), 10)]
  const receipt = { of: commitId }
  return { commitId, mode: 'append' as const, files, base, receipt, ...more }
}

function requestsOf(catalog: OpenCatalog, count: number) {
  return Promise.all(Array.from({ length: count }, () => requestOf(catalog)))
}

const append = (catalog: OpenCatalog, requests: readonly AppendFilesRequest[]) =>
  Promise.allSettled(requests.map((request) => catalog.client.appendFiles('n.t', request)))

async function stateOf({ client }: OpenCatalog) {
  const { tables } = await client.listTables()
  const { snapshots } = await client.tableHistory('n.t')
  return { rows: tables[0]?.rows, snapshots: snapshots.length }
}

test('appends that come together are one snapshot and one record, each with its own receipt', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 5 })
    await createTable(catalog)
    const records = (await readdir(join(root, 'catalog/log'))).length
    const requests = await requestsOf(catalog, 10)
    const replies = await Promise.all(
      requests.map((request) => catalog.client.appendFiles('n.t', request)),
    )
    expect(replies.map((reply) => reply.receipt)).toEqual(requests.map(({ receipt }) => receipt))
    expect(replies.every(({ result, replayed }) => result === 'committed' && !replayed)).toBe(true)
    expect(new Set(replies.map((reply) => reply.snapshotId)).size).toBe(2)
    expect(new Set(replies.map((reply) => reply.commitSeq)).size).toBe(2)
    expect(await stateOf(catalog)).toEqual({ rows: 101, snapshots: 3 })
    expect(await readdir(join(root, 'catalog/log'))).toHaveLength(records + 2)
    // Sent again, each is answered as before, also by another process and from a checkpoint.
    await using second = await openCatalog(root, { checkpointEvery: 1 })
    await second.client.createNamespace({ namespace: ['more'] })
    await using third = await openCatalog(root)
    for (const [index, { commitId }] of requests.entries()) {
      for (const { client } of [catalog, second, third]) {
        const { commit } = await client.findCommit(commitId)
        expect(commit).toEqual({ ...replies[index], replayed: true })
        const settled = await client.settleCommit(commitId, { sinceSeq: 0 })
        expect(settled.commit).toEqual(commit)
      }
    }
  }))

test('one that is wrong, late or a repetition is answered for itself and fails no other', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 6 })
    await createTable(catalog)
    const abandoned = randomUUID()
    await catalog.client.settleCommit(abandoned, { sinceSeq: 0 })
    const twice = await requestOf(catalog, { contentKey: 'twice' })
    const requests = [
      await requestOf(catalog),
      await requestOf(catalog, { base: { tableUuid: randomUUID(), schemaId: 0 } }),
      await requestOf(catalog, { commitId: abandoned }),
      twice,
      twice,
      await requestOf(catalog, { contentKey: 'twice' }),
    ]
    const [good, stale, gone, ...same] = await append(catalog, requests)
    if (good?.status !== 'fulfilled') throw good?.reason
    const { snapshotId } = good.value
    expect(good.value).toMatchObject({ result: 'committed', receipt: requests[0]?.receipt })
    expect(stale).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
    expect(gone).toMatchObject({ status: 'rejected', reason: { code: 'gone' } })
    // Whichever of them came first has landed; its repetition is a replay, the others are loaded.
    const how = same.map((each) => {
      if (each.status !== 'fulfilled') throw each.reason
      const { result, replayed } = each.value
      expect(each.value.snapshotId).toBe(snapshotId)
      return replayed ? 'replayed' : result
    })
    expect(how.filter((each) => each === 'committed')).toHaveLength(1)
    expect(await stateOf(catalog)).toEqual({ rows: 21, snapshots: 2 })
    // The content of a group is found by a later load, too.
    await using later = await openCatalog(root)
    const reloaded = await requestOf(later, { contentKey: 'twice' })
    expect(await later.client.appendFiles('n.t', reloaded)).toMatchObject({
      result: 'already-loaded',
      snapshotId,
    })
  }))

test('one whose files no snapshot can hold fails alone', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 3 })
    await createTable(catalog)
    const [first, second] = await requestsOf(catalog, 2)
    if (!first || !second) throw new TypeError('no requests')
    const broken = await requestOf(catalog, { files: [await catalog.dataFile('n.u', 'x', 1)] })
    const [one, wrong, two] = await append(catalog, [first, broken, second])
    expect(one).toMatchObject({ status: 'fulfilled', value: { receipt: first.receipt } })
    expect(wrong).toMatchObject({ status: 'rejected', reason: { code: 'invalid' } })
    expect(two).toMatchObject({ status: 'fulfilled', value: { receipt: second.receipt } })
    expect((await stateOf(catalog)).rows).toBe(21)
  }))

test('a commit that fails without effect is tried for each alone', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 3 })
    await createTable(catalog)
    const requests = await requestsOf(catalog, 3)
    let failures = 1
    onFaultPoint((_, name) => {
      if (name === 'open:before' && failures-- > 0) {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      }
    })
    const results = await append(catalog, requests)
    onFaultPoint(undefined)
    expect(results.map(({ status }) => status)).toEqual(results.map(() => 'fulfilled'))
    expect(await stateOf(catalog)).toEqual({ rows: 31, snapshots: 4 })
  }))

test('a commit whose outcome is unknown leaves each to be settled by its own id', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 3 })
    await createTable(catalog)
    const { seq } = await catalog.client.commitPosition()
    const requests = await requestsOf(catalog, 3)
    // The record is the last file that is linked; its directory cannot be synced.
    let linked = 0
    let hasFailed = false
    onFaultPoint((_, name) => {
      if (name === 'link:after') linked += 1
      if (name === 'sync-directory:before' && linked === 4 && !hasFailed) {
        hasFailed = true
        throw Object.assign(new Error('the disk has failed'), { code: 'EIO' })
      }
    })
    const unsure = await Promise.allSettled(
      requests.map(async (request) => {
        const body = JSON.stringify(request)
        const sent = new Request('http://catalog/v1/tables/n.t/append-files', {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        })
        const principal = { keyId: 'w', name: 'w', role: 'writer' } as const
        const reply = await catalog.fetch(sent, {
          principal,
          signal: sent.signal,
          requestId: 'test',
        })
        return [reply.status, ((await reply.json()) as { error: { effect: string } }).error.effect]
      }),
    )
    onFaultPoint(undefined)
    expect(hasFailed).toBe(true)
    const answers = unsure.map((each) => (each.status === 'fulfilled' ? each.value[1] : each))
    expect(answers).toEqual(['unknown', 'unknown', 'unknown'])
    await using other = await openCatalog(root)
    for (const { commitId, receipt } of requests) {
      const settled = await other.client.settleCommit(commitId, { sinceSeq: seq })
      expect(settled).toMatchObject({ outcome: 'committed', commit: { receipt } })
    }
    expect(await stateOf(other)).toEqual({ rows: 31, snapshots: 2 })
  }))

test('appends that are large, or change the table, go alone', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root, { groupsOf: 2 })
    await createTable(catalog)
    const small = await requestOf(catalog)
    const pending = catalog.client.appendFiles('n.t', small)
    const large = await requestOf(catalog)
    const files = large.files.map((file) => ({ ...file, recordCount: 10_000_000 }))
    const replies = [
      await catalog.client.appendFiles('n.t', { ...large, files }),
      await catalog.client.appendFiles('n.t', await requestOf(catalog, { mode: 'overwrite' })),
    ]
    const second = await catalog.client.appendFiles('n.t', await requestOf(catalog))
    const first = await pending
    expect(first.snapshotId).toBe(second.snapshotId)
    const ids = [...replies, first].map((reply) => reply.snapshotId)
    expect(new Set(ids).size).toBe(3)
  }))
