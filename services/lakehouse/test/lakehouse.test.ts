import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { createLogger } from '@hypermesh/kit'
import { startPlatform } from '@hypermesh/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AnyDefinition, sortByNeeds } from '../src/topology.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-lakehouse-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const failure = async (promise: Promise<unknown>): Promise<HyperMeshError> => {
  const error = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(HyperMeshError)
  return error as HyperMeshError
}

const serverFile = async () => {
  const text = await readFile(join(directory, 'server.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

describe('a started platform', () => {
  test('serves on the port it publishes, and takes the note down when it stops', async () => {
    const lines: Record<string, unknown>[] = []
    const logger = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) })
    const platform = await startPlatform({ directory, network: true, logger })
    expect(await serverFile()).toMatchObject({ url: platform.url, pid: process.pid })
    expect((await fetch(`${platform.url}/readyz`)).status).toBe(200)
    expect(await platform.clients.reader.health()).toEqual({ status: 'ok' })
    const ready = lines.filter((line) => line.msg === 'ready')
    expect(ready).toHaveLength(1)
    expect(ready[0]).toMatchObject({ url: platform.url, ms: expect.any(Number) })
    await platform[Symbol.asyncDispose]()
    expect(await serverFile()).toBeUndefined()
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
    await expect(fetch(`${platform.url}/healthz`)).rejects.toThrow()
  })

  test('gives the note back to another server of the directory that still runs', async () => {
    const first = await startPlatform({ directory, network: true })
    const second = await startPlatform({ directory, network: true })
    expect(await serverFile()).toMatchObject({ url: second.url })
    await second[Symbol.asyncDispose]()
    expect(await serverFile()).toMatchObject({ url: first.url })
    const third = await startPlatform({ directory, network: true })
    await first[Symbol.asyncDispose]()
    expect(await serverFile()).toMatchObject({ url: third.url })
    await third[Symbol.asyncDispose]()
    expect(await serverFile()).toBeUndefined()
  })

  test('serves without a port, and writes no note', async () => {
    await using platform = await startPlatform({ directory })
    expect(platform.url).toBeUndefined()
    expect(await serverFile()).toBeUndefined()
    expect((await platform.fetch('/readyz')).status).toBe(200)
    expect((await platform.fetch('/v1/tables')).status).toBe(401)
    expect((await platform.fetch('/v1/tables', { key: platform.keys.reader })).status).toBe(200)
  })

  test('knows its keys again after a restart', async () => {
    const first = await startPlatform({ directory })
    await first[Symbol.asyncDispose]()
    await using second = await startPlatform({ directory })
    expect(second.keys.admin).toBe(first.keys.admin)
    for (const role of ['admin', 'writer', 'reader'] as const) {
      expect((await second.fetch('/v1/tables', { key: first.keys[role] })).status).toBe(200)
    }
  })

  test('shares its directory and its keys with another one', async () => {
    await using here = await startPlatform({ directory, network: true })
    await using there = await startPlatform({ directory, network: true })
    const { secret } = await here.clients.admin.createKey({ name: 'shared', role: 'reader' })
    expect((await there.fetch('/v1/tables', { key: secret })).status).toBe(200)
    expect((await serverFile())?.url).toBe(there.url)
    await here[Symbol.asyncDispose]()
    expect((await serverFile())?.url).toBe(there.url)
  })

  test('lets an open upload end when it is told to stop', async () => {
    const platform = await startPlatform({ directory, network: true })
    let send: (bytes: Uint8Array | undefined) => void = () => undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10))
        send = (bytes) => (bytes ? controller.enqueue(bytes) : controller.close())
      },
    })
    const answer = fetch(`${platform.url}/v1/objects/a`, {
      method: 'PUT',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${platform.keys.writer}` },
    })
    const isOpen = async () => {
      const text = await (await platform.fetch('/metrics', { key: platform.keys.reader })).text()
      return text.includes('hypermesh_http_requests_open 2')
    }
    await expect.poll(isOpen).toBe(true)
    const stopped = platform[Symbol.asyncDispose]()
    const isRefused = () =>
      fetch(`${platform.url}/healthz`).then(
        () => false,
        () => true,
      )
    await expect.poll(isRefused).toBe(true)
    send(new Uint8Array(10))
    send(undefined)
    expect(await (await answer).json()).toMatchObject({ key: 'a', bytes: 20 })
    await stopped
  })
})

describe('a start is refused', () => {
  test('where the port is in use, naming port and setting, and leaves nothing open', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const config = { gateway: { port } }
    const error = await failure(startPlatform({ directory, network: true, config }))
    expect(error.message).toContain(`port ${port}`)
    expect(error.message).toContain('[gateway] port')
    expect(await serverFile()).toBeUndefined()
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
    await new Promise((resolve) => other.close(resolve))
  })

  test('where other machines could come without a key', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.test']) {
      const config = { gateway: { host }, auth: { enabled: false } }
      const error = await failure(startPlatform({ directory, network: true, config }))
      expect(error.message).toContain(host)
      expect(error.message).toContain('[auth] enabled')
    }
    const config = { gateway: { host: 'localhost', port: 0 }, auth: { enabled: false } }
    await using platform = await startPlatform({ directory, network: true, config })
    expect((await fetch(`${platform.url}/v1/keys`)).status).toBe(200)
  })

  test('where the data directory is a file', async () => {
    const path = join(directory, 'file')
    await writeFile(path, '')
    expect((await failure(startPlatform({ directory: path }))).message).toContain(path)
  })
})

describe('services start', () => {
  const service = (name: string, needs: string[]) =>
    // Only the names are looked at.
    ({ name, needs }) as unknown as AnyDefinition

  test('after those they need', () => {
    const sorted = sortByNeeds([
      service('query', ['catalog']),
      service('ingest', ['catalog', 'storage']),
      service('storage', []),
      service('catalog', ['storage']),
    ])
    expect(sorted.map(({ name }) => name)).toEqual(['storage', 'catalog', 'query', 'ingest'])
  })

  test('not at all where they need each other or one that is unknown', () => {
    const circle = [service('query', ['catalog']), service('catalog', ['query'])]
    expect(() => sortByNeeds(circle)).toThrow('query → catalog → query')
    expect(() => sortByNeeds([service('query', ['nobody'])])).toThrow('nobody')
  })
})
