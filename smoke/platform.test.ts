import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hypermesh, json, Server, temporaryDirectory } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

/** For a server that does not come up, which leaves its directory; gone when the test is over. */
async function ownDirectory(): Promise<string> {
  const directory = await temporaryDirectory()
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

test('the open pages answer without a key', async () => {
  const health = await fetch(`${server.url}/healthz`)
  expect(await health.json()).toEqual({ status: 'ok' })
  const ready = await fetch(`${server.url}/readyz`)
  expect(await ready.json()).toMatchObject({ status: 'ready' })
  const openapi = await json(await fetch(`${server.url}/openapi.json`))
  expect(openapi).toMatchObject({ openapi: '3.1.0' })
  expect(Object.keys(openapi.paths ?? {})).toContain('/v1/sql')
})

test('metrics need a key, and then are Prometheus text', async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401)
  const response = await server.fetch('/metrics')
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/^# HELP /m)
})

test('every answer carries a request id, and takes the one it is given', async () => {
  expect((await server.fetch('/v1/tables')).headers.get('x-request-id')).toBeTruthy()
  const given = await server.fetch('/v1/tables', { headers: { 'x-request-id': 'my-id-1' } })
  expect(given.headers.get('x-request-id')).toBe('my-id-1')
})

test('an unknown path is 404 and a wrong method 405, as JSON', async () => {
  const missing = await server.fetch('/v1/nothing')
  expect(missing.status).toBe(404)
  expect(await missing.json()).toMatchObject({ error: { code: 'not_found' } })
  expect((await server.fetch('/v1/sql')).status).toBe(405)
})

test('a running server tells its address in the data directory, and only its owner reads the key', async () => {
  const file = JSON.parse(await readFile(join(server.dataDir, 'server.json'), 'utf8'))
  expect(file).toMatchObject({ url: server.url, pid: server.process.pid })
  expect((await stat(join(server.dataDir, 'keys', 'admin.key'))).mode & 0o777).toBe(0o600)
})

test('a busy port is an error that names the port and the setting', async () => {
  const { port } = new URL(server.url)
  const dataDir = await ownDirectory()
  const ended = await hypermesh(['serve', '--data', dataDir, '--port', port])
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain(port)
  expect(ended.stderr).toContain('[gateway] port')
})

test('an open address without keys is refused', async () => {
  const dataDir = await ownDirectory()
  const ended = await hypermesh(['serve', '--data', dataDir, '--host', '0.0.0.0', '--no-auth'])
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain('authentication')
})

test('an unknown setting names the nearest one', async () => {
  const env = { HYPERMESH_GATEWAY__PROT: '1' }
  const ended = await hypermesh(['serve', '--data', await ownDirectory()], { env })
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain('HYPERMESH_GATEWAY__PORT')
})
