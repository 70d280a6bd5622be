import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { createHttpFetch } from '@hypermesh/kit'
import { readServerFile } from './server-file.ts'
import type { ClientSettings } from './settings.ts'

const defaultUrl = 'http://127.0.0.1:3210'

export interface Connection {
  readonly url: string
  readonly key: string | undefined
  /** Where the key came from, to tell a person. */
  readonly keySource: string
  /** The server runs on this machine and serves this data directory. */
  readonly isLocal: boolean
  readonly client: HyperMeshClient
}

/** Finds the server and a key for it: what was given, else what a server here has written down. */
export async function findConnection(settings: ClientSettings): Promise<Connection> {
  const server = await readServerFile(settings.dataDir)
  const url = (settings.url ?? server?.url ?? defaultUrl).replace(/\/+$/, '')
  const found = await findKey(settings, url)
  return {
    url,
    ...found,
    isLocal: server !== undefined && server.url.replace(/\/+$/, '') === url,
    client: createClient({
      url,
      fetch: createHttpFetch(),
      ...(found.key === undefined ? {} : { key: found.key }),
    }),
  }
}

async function findKey(
  settings: ClientSettings,
  url: string,
): Promise<Pick<Connection, 'key' | 'keySource'>> {
  if (settings.key !== undefined) return { key: settings.key, keySource: 'given' }
  // The admin key of this machine is never sent to another one.
  if (!isLoopback(url))
    return { key: undefined, keySource: 'none: the server is not on this machine' }
  const path = join(settings.dataDir, 'keys', 'admin.key')
  try {
    return { key: (await readFile(path, 'utf8')).trim(), keySource: path }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { key: undefined, keySource: `none: ${path} cannot be read (${code})` }
  }
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
