import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@hypermesh/client'
import { HyperMeshError, toErrorBody } from '@hypermesh/contract'
import { createHttpFetch } from '@hypermesh/kit'
import { afterEach, expect, test } from 'vitest'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function connect(listener: RequestListener) {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return createClient({ url: `http://127.0.0.1:${port}`, fetch: createHttpFetch(), retriesMax: 0 })
}

async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) yield new Uint8Array(64 * 1024)
}

test('an answer that comes before the upload ends is the answer, and the rest is not sent', async () => {
  const client = await connect((_, response) => {
    const error = new HyperMeshError('too_large', 'the upload is larger than 1 MB')
    response.writeHead(413, { 'content-type': 'application/json' })
    response.end(JSON.stringify(toErrorBody(error, 'r1')))
  })
  await expect(client.putObject('k', endless())).rejects.toMatchObject({
    code: 'too_large',
    message: 'the upload is larger than 1 MB',
  })
})

test('a file that cannot be read to its end fails the call', async () => {
  const client = await connect((request) => request.resume())
  async function* broken() {
    yield new Uint8Array(10)
    throw new Error('the disk is gone')
  }
  const error = await client.putObject('k', broken()).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'unavailable', effect: 'unknown' })
})

test('a call is cancelled while it waits and while it reads', async () => {
  const client = await connect((request, response) => {
    if (request.url?.startsWith('/v1/sql')) response.write('{"a":1}\n')
  })
  const first = new AbortController()
  const waiting = client.health({ signal: first.signal })
  first.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  const second = new AbortController()
  const rows = client.rows('SELECT 1', { signal: second.signal })
  expect((await rows.next()).value).toEqual({ a: 1 })
  second.abort()
  await expect(rows.next()).rejects.toMatchObject({ code: 'cancelled' })
})

test('replies without a body and with one arrive whole', async () => {
  const client = await connect((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '12' }).end()
    else if (request.method === 'DELETE') response.writeHead(204).end()
    else response.end(JSON.stringify({ status: 'ok' }))
  })
  expect(await client.headObject('k')).toEqual({ bytes: 12, etag: undefined })
  expect(await client.deleteObject('k')).toBeUndefined()
  expect(await client.health()).toEqual({ status: 'ok' })
})
