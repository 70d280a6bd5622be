import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface FileServer extends AsyncDisposable {
  readonly url: string
}

/** Serves a directory over HTTP with ranges: icebird reads by `fetch` only. */
export async function serveFiles(root: string): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = join(root, decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname))
    readFile(path).then(
      (bytes) => {
        const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
        const from =
          range === null ? 0 : range[1] ? Number(range[1]) : bytes.length - Number(range[2])
        const to = range?.[1] && range[2] ? Number(range[2]) + 1 : bytes.length
        response.writeHead(range === null ? 200 : 206, { 'content-length': to - from })
        response.end(bytes.subarray(from, to))
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
