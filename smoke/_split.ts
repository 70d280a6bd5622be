import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'

interface Part {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How the platform is told to run as three processes. */
export async function planSplit(): Promise<{ front: Part; parts: readonly Part[] }> {
  const secret = randomBytes(32).toString('hex')
  const ports = { front: await freePort(), ingest: await freePort(), query: await freePort() }
  const url = (port: number) => `http://127.0.0.1:${port}`
  const part = (target: string, port: number): Part => ({
    args: ['--target', target],
    env: {
      HYPERMESH_AUTH__INTERNAL_SECRET: secret,
      HYPERMESH_SERVICES__PORT: String(port),
      HYPERMESH_SERVICES__STORAGE_URL: url(ports.front),
      HYPERMESH_SERVICES__CATALOG_URL: url(ports.front),
      HYPERMESH_SERVICES__INGEST_URL: url(ports.ingest),
      HYPERMESH_SERVICES__QUERY_URL: url(ports.query),
      HYPERMESH_SERVICES__VECTOR_URL: url(ports.query),
      HYPERMESH_SERVICES__GRAPH_URL: url(ports.query),
    },
  })
  return {
    front: part('gateway,catalog,storage', ports.front),
    parts: [part('ingest', ports.ingest), part('query,vector,graph', ports.query)],
  }
}

const firstPort = 10_000
const portCount = 20_000
let portsGiven = 0

/**
 * Below those that the system gives out by itself, so that nobody takes it in between: each once in this
 * process, and far from those of the processes beside it, since it is free again until its server listens.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + ((process.pid * 61 + portsGiven++) % portCount)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
