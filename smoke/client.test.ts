import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { request as ask, createServer, type Server as WebServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Server } from './_server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
let server: Server
let directory: string
beforeAll(async () => {
  server = await Server.start()
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-client-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, maxRetries: 5 })
})

/** The first example of the client's README. */
async function quickstart(): Promise<string> {
  const readme = await readFile(join(root, 'packages/client/README.md'), 'utf8')
  const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? ''
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10)
  return code
}

async function run(command: string, args: readonly string[], env = {}): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env } })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout
}

test('the quickstart of the client runs in Node as written', async () => {
  const modules = join(directory, 'node_modules')
  await mkdir(modules)
  await symlink(join(root, 'node_modules/@hypermesh'), join(modules, '@hypermesh'))
  const code = (await quickstart()).replace('http://127.0.0.1:3210', server.url)
  const script = join(directory, 'quickstart.mjs')
  await writeFile(script, code)
  const said = await run(process.execPath, [script], { HYPERMESH_KEY: server.key })
  expect(said).toBe("bmw\n[ 'ann', 'bob', 'eve' ]\n")
})

/** The built packages as a page imports them, and the platform behind the same origin. */
const served: Readonly<Record<string, string>> = {
  '/client/': 'packages/client/dist/',
  '/contract/': 'packages/contract/dist/',
  '/zod/': 'node_modules/zod/',
}

/** What a page loads last: it is answered once the page has asked for `/done` as well. */
const untilDone = '/until-done'

async function servePage(html: string): Promise<WebServer> {
  let isDone = () => {}
  const done = new Promise<void>((resolve) => {
    isDone = resolve
  })
  const web = createServer((request, response) => {
    const path = normalize(request.url ?? '/')
    const mount = Object.keys(served).find((prefix) => path.startsWith(prefix))
    if (path === '/') response.setHeader('content-type', 'text/html').end(html)
    else if (path === untilDone) void done.then(() => response.writeHead(204).end())
    else if (path === '/done') {
      isDone()
      response.writeHead(204).end()
    } else if (mount !== undefined) {
      response.setHeader('content-type', 'text/javascript')
      const file = join(root, served[mount] ?? '', path.slice(mount.length))
      createReadStream(file)
        .on('error', () => response.writeHead(404).end())
        .pipe(response)
    } else {
      const { method, headers } = request
      const { host: _, origin: __, ...rest } = headers
      const through = ask(`${server.url}${request.url}`, { method, headers: rest }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      request.pipe(through)
    }
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  return web
}

test('and in a browser, where nothing is bundled', async () => {
  const code = (await quickstart())
    .replace("'http://127.0.0.1:3210'", 'location.origin')
    .replace('process.env.HYPERMESH_KEY', JSON.stringify(server.key))
    .replaceAll('main.cars', 'main.browser_cars')
    .replaceAll('social', 'browser')
    .replaceAll('console.log', 'say')
  // The image keeps the page loading until all is said, and what has loaded is what Chromium prints.
  const page = `<!doctype html><pre id="said"></pre><img src="${untilDone}">
<script type="importmap">${JSON.stringify({
    imports: {
      '@hypermesh/client': '/client/index.js',
      '@hypermesh/contract': '/contract/index.js',
      zod: '/zod/index.js',
    },
  })}</script>
<script>
  const say = (value) => { said.textContent += JSON.stringify(value) + '\\n' }
  const end = (value) => { say(value); fetch('/done') }
  addEventListener('error', (event) => end('error: ' + event.message))
  addEventListener('unhandledrejection', (event) => end('rejected: ' + event.reason))
</script>
<script type="module" onerror="end('error: a module did not load')">${code}
end('done')
</script>`
  const web = await servePage(page)
  try {
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`
    const dom = await run('chromium', [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      ...[`--user-data-dir=${join(directory, 'chromium')}`, '--dump-dom', url],
    ])
    const said = /<pre id="said">(.*?)<\/pre>/s.exec(dom)?.[1] ?? dom
    expect(said.split('\n')).toEqual(['"bmw"', '["ann","bob","eve"]', '"done"', ''])
  } finally {
    web.closeAllConnections()
    await new Promise((resolve) => web.close(resolve))
  }
})
