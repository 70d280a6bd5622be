import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { type Role, roles } from '@hypermesh/contract'
import type { Lakehouse } from '@hypermesh/lakehouse'
import { type PlatformOptions, startProcess } from './platform-process.ts'
import { type Peer, type PeerName, splitPeers } from './split-peers.ts'

export interface Platform extends AsyncDisposable {
  readonly directory: string
  /** Undefined without a port. */
  readonly url: string | undefined
  /** The text of an API key of each role. */
  readonly keys: Readonly<Record<Role, string>>
  readonly clients: Readonly<Record<Role, HyperMeshClient>>
  /** Of a split platform: stops the process of a service and starts another in its place. */
  readonly peers: Readonly<Record<PeerName, Peer>>
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
  const peers = options.topology === 'split' ? await splitPeers(directory, options) : undefined
  let front: Lakehouse | undefined
  try {
    const lakehouse = await startProcess(directory, options, peers?.frontConfig)
    front = lakehouse
    await peers?.start()
    const keys = await openKeys(lakehouse)
    const clientOf = (role: Role) => clientFor(lakehouse, keys[role])
    return {
      directory,
      url: lakehouse.url,
      keys,
      clients: { admin: clientOf('admin'), writer: clientOf('writer'), reader: clientOf('reader') },
      get peers() {
        if (peers === undefined) throw new TypeError('the platform runs in one process')
        return peers.byName
      },
      fetch: (path, init = {}) => rawFetch(lakehouse, path, init),
      [Symbol.asyncDispose]: async () => {
        try {
          await peers?.stop()
        } finally {
          await lakehouse.stop()
        }
        await remove()
      },
    }
  } catch (error) {
    await peers?.stop()
    await front?.stop()
    await remove()
    throw error
  }
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
