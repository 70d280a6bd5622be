import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, systemClock } from '@hypermesh/kit'
import { runChild } from '@hypermesh/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeyStore } from '../src/key-store.ts'
import { parseKey } from '../src/key-text.ts'
import { codeOf, openGateway } from './_gateway.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hypermesh-keys-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const openStore = (keysMax = 10_000) =>
  KeyStore.open({
    directory: join(root, 'keys'),
    temporary: root,
    keysMax,
    clock: systemClock,
    logger: createLogger('silent'),
  })

const isKnown = async (store: KeyStore, text: string) => {
  const key = parseKey(text)
  return (key && (await store.find(key)))?.revokedAt === null
}

const script = new URL('_create-keys.ts', import.meta.url)
const createKeys = (name: string, count: number) => runChild(script, [root, name, count])

describe('the first start', () => {
  test('mints an admin key that only its owner may read', async () => {
    const store = await openStore()
    const path = join(root, 'keys', 'admin.key')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await isKnown(store, (await readFile(path, 'utf8')).trim())).toBe(true)
  })

  test('of several at once agrees on one key', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore()))
    const admin = (await readFile(join(root, 'keys', 'admin.key'), 'utf8')).trim()
    for (const store of stores) {
      expect(await isKnown(store, admin)).toBe(true)
      expect(await store.list()).toHaveLength(1)
    }
  })

  test('that died between its two writes is completed by the next', async () => {
    const store = await openStore()
    const admin = (await readFile(join(root, 'keys', 'admin.key'), 'utf8')).trim()
    await rm(join(root, 'keys', 'revisions'), { recursive: true })
    expect(await isKnown(await openStore(), admin)).toBe(true)
    expect(await store.list()).toHaveLength(1)
  })

  test('leaves a file alone that is no key of ours', async () => {
    await openStore()
    await rm(join(root, 'keys', 'revisions'), { recursive: true })
    await writeFile(join(root, 'keys', 'admin.key'), 'mine')
    await expect(openStore()).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('the store', () => {
  test('keeps hashes, never a secret', async () => {
    const { secret } = await (await openStore()).create({ name: 'a', role: 'reader' })
    const directory = join(root, 'keys', 'revisions')
    for (const name of await readdir(directory)) {
      const text = await readFile(join(directory, name), 'utf8')
      expect(text).not.toContain(parseKey(secret)?.secret)
    }
  })

  test('loses no key when two processes create at once', async () => {
    await Promise.all([createKeys('left', 60), createKeys('right', 60)])
    const names = (await (await openStore()).list()).map((key) => key.name)
    expect(names).toHaveLength(121)
    expect(new Set(names).size).toBe(121)
    expect((await readdir(join(root, 'keys', 'revisions'))).length).toBeLessThanOrEqual(3)
  })

  test('loses no key when one process creates many at once', async () => {
    const store = await openStore()
    await Promise.all(Array.from({ length: 30 }, () => store.create({ name: 'k', role: 'reader' })))
    expect(await store.list()).toHaveLength(31)
  })

  test('of another process sees a created key at once and a revoked one soon', async () => {
    const [here, there] = [await openStore(), await openStore()]
    const { id, secret } = await here.create({ name: 'a', role: 'reader' })
    expect(await isKnown(there, secret)).toBe(true)
    await here.revoke(id)
    expect(await isKnown(here, secret)).toBe(false)
    await expect.poll(() => isKnown(there, secret)).toBe(false)
  })

  test('that found a secret right takes it for no other key, and no other secret for it', async () => {
    const store = await openStore(3)
    const keys = [
      await store.create({ name: 'a', role: 'reader' }),
      await store.create({ name: 'b', role: 'admin' }),
    ] as const
    const [one, other] = keys.map(({ secret }) => secret.split('_')) as [string[], string[]]
    for (let round = 0; round < 2; round += 1) {
      for (const { secret } of keys) expect(await isKnown(store, secret)).toBe(true)
      expect(await isKnown(store, `hm_${other[1]}_${one.slice(2).join('_')}`)).toBe(false)
      expect(await isKnown(store, `hm_${one[1]}_${'A'.repeat(43)}`)).toBe(false)
    }
  })

  test('refuses a key past its limit', async () => {
    const store = await openStore(2)
    await store.create({ name: 'a', role: 'reader' })
    await expect(store.create({ name: 'b', role: 'reader' })).rejects.toMatchObject({
      code: 'too_large',
    })
  })

  test('whose file is damaged says so instead of starting empty', async () => {
    await openStore()
    const directory = join(root, 'keys', 'revisions')
    const [name = ''] = await readdir(directory)
    await writeFile(join(directory, name), '{"keys":')
    await expect(openStore()).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('the routes of keys', () => {
  const json = { 'content-type': 'application/json' }
  const body = (value: unknown) => ({ method: 'POST', headers: json, body: JSON.stringify(value) })

  test('list without secrets, create with one, revoke once and again', async () => {
    await using opened = await openGateway()
    const { admin: key, send } = opened
    const created = await send('/v1/keys', { key, ...body({ name: 'app', role: 'writer' }) })
    expect(created.status).toBe(201)
    const { id, secret } = (await created.json()) as { id: string; secret: string }
    const list = await (await send('/v1/keys', { key })).text()
    expect(list).toContain(id)
    expect(list).not.toContain(secret)
    for (let n = 0; n < 2; n++) {
      const revoked = await send(`/v1/keys/${id}`, { key, method: 'DELETE' })
      expect(((await revoked.json()) as { revokedAt: string }).revokedAt).toMatch(/^20/)
    }
    expect(await codeOf(await send('/v1/keys/none', { key, method: 'DELETE' }))).toEqual([
      404,
      'not_found',
    ])
  })

  test('refuse a wrong name, role, address range or member', async () => {
    await using opened = await openGateway()
    const create = async (value: unknown) =>
      codeOf(await opened.send('/v1/keys', { key: opened.admin, ...body(value) }))
    expect(await create({ name: "x'; --", role: 'reader' })).toEqual([422, 'invalid_name'])
    expect(await create({ name: 'x', role: 'root' })).toEqual([400, 'invalid'])
    for (const range of ['10.0.0.0/33', 'everywhere', '10.1/16', '10.0.0.0/-1']) {
      expect(await create({ name: 'x', role: 'reader', cidrs: [range] })).toEqual([400, 'invalid'])
    }
    expect(await create({ name: 'x', role: 'reader', secret: 'mine' })).toEqual([400, 'invalid'])
  })

  test('never revoke the last active admin key', async () => {
    await using opened = await openGateway()
    const { admin: key, send, createKey } = opened
    const [, id] = key.split('_')
    const revoke = () => send(`/v1/keys/${id}`, { key, method: 'DELETE' })
    expect(await codeOf(await revoke())).toEqual([412, 'precondition'])
    await createKey('admin')
    expect((await revoke()).status).toBe(200)
  })
})
