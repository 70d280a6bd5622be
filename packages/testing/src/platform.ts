import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { type Role, roles } from '@hypermesh/contract'
import { type Clock, createLogger, type Logger } from '@hypermesh/kit'
import { type Lakehouse, loadLakehouseConfig, startLakehouse } from '@hypermesh/lakehouse'

export interface PlatformOptions {
  /** Tables and keys of lakehouse.toml in camelCase, over the defaults. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** True: it listens on a port of the system's choice, see `url`. */
  readonly network?: boolean
  /** An existing data directory; it is kept. Else a temporary one, removed at the end. */
  readonly directory?: string
  readonly keepDirectory?: boolean
  readonly clock?: Clock
  /** Silent by default. */
  readonly logger?: Logger
}

export interface Platform extends AsyncDisposable {
  readonly directory: string
  /** Undefined without a port. */
  readonly url: string | undefined
  /** The text of an API key of each role. */
  readonly keys: Readonly<Record<Role, string>>
  readonly clients: Readonly<Record<Role, HyperMeshClient>>
  /** A raw request through the gateway; the path alone is enough. */
  fetch(path: string, init?: RequestInit & { readonly key?: string }): Promise<Response>
}

const inProcessUrl = 'http://127.0.0.1'

/** The whole platform in this process, on a directory of its own, with a key for each role. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'hypermesh-')))
  const removable = options.directory === undefined && options.keepDirectory !== true
  const remove = async () => {
    if (removable) await rm(directory, { recursive: true, force: true })
  }
  try {
    const lakehouse = await start(directory, options)
    const keys = await openKeys(lakehouse)
    const clientOf = (role: Role) => clientFor(lakehouse, keys[role])
    return {
      directory,
      url: lakehouse.url,
      keys,
      clients: { admin: clientOf('admin'), writer: clientOf('writer'), reader: clientOf('reader') },
      fetch: (path, init = {}) => rawFetch(lakehouse, path, init),
      [Symbol.asyncDispose]: async () => {
        await lakehouse.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

function start(directory: string, options: PlatformOptions): Promise<Lakehouse> {
  const overrides = { gateway: { port: 0 }, ...options.config }
  const flags = Object.entries(overrides).flatMap(([table, values]) =>
    Object.entries(values).map(([key, value]) => ({ table, key, value, name: 'test' })),
  )
  const { values } = loadLakehouseConfig({
    environment: {},
    path: null,
    flags: [...flags, { table: 'lakehouse', key: 'dataDir', value: directory, name: 'test' }],
  })
  return startLakehouse({
    config: values,
    network: options.network ?? false,
    logger: options.logger ?? createLogger('silent'),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  })
}

// On a directory that is started again the keys of before lie revoked or not, but without their
// secrets, so new ones are made.
async function openKeys(lakehouse: Lakehouse): Promise<Record<Role, string>> {
  const admin = (await readFile(join(lakehouse.root, 'keys', 'admin.key'), 'utf8')).trim()
  const client = clientFor(lakehouse, admin)
  const keys = { admin, writer: admin, reader: admin }
  for (const role of roles) {
    if (role !== 'admin') keys[role] = (await client.createKey({ name: role, role })).secret
  }
  return keys
}

function clientFor(lakehouse: Lakehouse, key: string): HyperMeshClient {
  return createClient(
    lakehouse.url === undefined
      ? { url: inProcessUrl, key, fetch: lakehouse.fetch }
      : { url: lakehouse.url, key },
  )
}

function rawFetch(
  lakehouse: Lakehouse,
  path: string,
  { key, ...init }: RequestInit & { readonly key?: string },
): Promise<Response> {
  const headers = new Headers(init.headers)
  if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
  const request = new Request(new URL(path, lakehouse.url ?? inProcessUrl), { ...init, headers })
  return lakehouse.url === undefined ? lakehouse.fetch(request) : fetch(request)
}
