import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Limits, limits, type Role } from '@hypermesh/contract'
import { type Clock, createLogger, type Fetch, Metrics, systemClock } from '@hypermesh/kit'
import { authConfigSchema, createGateway, gatewayConfigSchema } from '../src/index.ts'

export interface OpenGatewayOptions {
  readonly gateway?: Record<string, unknown>
  readonly auth?: Record<string, unknown>
  readonly limits?: Partial<Limits>
  readonly upstream?: Fetch
  readonly clock?: Clock
}

/** A gateway on a directory of its own, with one function in place of every service behind it. */
export async function openGateway(options: OpenGatewayOptions = {}) {
  const root = await mkdtemp(join(tmpdir(), 'hypermesh-gateway-'))
  const upstream: Fetch = options.upstream ?? ((_, context) => Response.json(context?.principal))
  const lines: Record<string, unknown>[] = []
  const gateway = await createGateway(
    {
      gateway: gatewayConfigSchema.parse(options.gateway ?? {}),
      auth: authConfigSchema.parse(options.auth ?? {}),
    },
    {
      logger: createLogger('info', { write: (line) => lines.push(JSON.parse(line)) }),
      clock: options.clock ?? systemClock,
      limits: limits.parse(options.limits ?? {}),
      paths: { root, temporary: root, abandoned: [] },
      metrics: new Metrics(),
      upstreams: {
        storage: upstream,
        catalog: upstream,
        ingest: upstream,
        query: upstream,
        vector: upstream,
        graph: upstream,
      },
      version: '0.0.0',
    },
  )
  gateway.setReadiness('ready')
  const admin = (await readFile(join(root, 'keys', 'admin.key'), 'utf8')).trim()
  const send = (path: string, init: RequestInit & { key?: string; from?: string } = {}) => {
    const { key, from = '127.0.0.1', ...rest } = init
    const headers = new Headers(rest.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    const request = new Request(`http://127.0.0.1${path}`, { ...rest, headers })
    const signal = rest.signal ?? new AbortController().signal
    return gateway.serve(request, { remoteAddress: from, signal })
  }
  const createKey = async (role: Role, cidrs: string[] = []) => {
    const response = await send('/v1/keys', {
      method: 'POST',
      body: JSON.stringify({ name: role, role, cidrs }),
      headers: { 'content-type': 'application/json' },
      key: admin,
    })
    return (await response.json()) as { id: string; secret: string }
  }
  return {
    gateway,
    root,
    admin,
    lines,
    send,
    createKey,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

export async function codeOf(response: Response): Promise<[number, string | undefined]> {
  const text = await response.text()
  const body = text === '' ? undefined : (JSON.parse(text) as { error?: { code?: string } })
  return [response.status, body?.error?.code]
}
