import { afterAll, beforeAll, expect, test } from 'vitest'
import { json, Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

const put = (key: string, body: string, headers: Record<string, string> = {}) =>
  server.fetch(`/v1/objects/${key}`, { method: 'PUT', body, headers })

test('an object is stored, read, read in part, and deleted', async () => {
  const stored = await put('notes/hello.txt', 'hello, object')
  expect(stored.status).toBe(201)
  expect(await stored.json()).toMatchObject({ key: 'notes/hello.txt', bytes: 13 })

  const whole = await server.fetch('/v1/objects/notes/hello.txt')
  expect(await whole.text()).toBe('hello, object')
  const part = await server.fetch('/v1/objects/notes/hello.txt', { headers: { range: 'bytes=7-' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe('bytes 7-12/13')
  expect(await part.text()).toBe('object')
  const beyond = { headers: { range: 'bytes=99-' } }
  expect((await server.fetch('/v1/objects/notes/hello.txt', beyond)).status).toBe(416)

  const head = await server.fetch('/v1/objects/notes/hello.txt', { method: 'HEAD' })
  expect(head.headers.get('content-length')).toBe('13')
  const gone = await server.fetch('/v1/objects/notes/hello.txt', { method: 'DELETE' })
  expect(gone.status).toBe(204)
  expect((await server.fetch('/v1/objects/notes/hello.txt')).status).toBe(404)
})

test('a conditional create happens once', async () => {
  expect((await put('once', 'first', { 'if-none-match': '*' })).status).toBe(201)
  expect([409, 412]).toContain((await put('once', 'second', { 'if-none-match': '*' })).status)
  expect(await (await server.fetch('/v1/objects/once')).text()).toBe('first')
})

interface Page {
  readonly objects: readonly { readonly key: string }[]
  readonly next: string | null
}

test('a list comes in pages, in byte order', async () => {
  for (const name of ['b', 'a', 'ä', 'c']) await put(`list/${encodeURIComponent(name)}`, name)
  const seen: string[] = []
  let after = ''
  do {
    const query = new URLSearchParams({ prefix: 'list/', limit: '3', after })
    const page = await json<Page>(await server.fetch(`/v1/objects?${query}`))
    seen.push(...page.objects.map((object) => object.key))
    after = page.next ?? ''
  } while (after !== '')
  expect(seen).toEqual(['list/a', 'list/b', 'list/c', 'list/ä'])
})

test.each(['..%2f..%2fetc%2fpasswd', 'a/%2e%2e/%2e%2e/x', '%00', 'a//b', '%2fetc%2fpasswd'])(
  'the key %s reaches nothing outside',
  async (key) => {
    const response = await put(key, 'x')
    expect([400, 404, 422]).toContain(response.status)
  },
)
