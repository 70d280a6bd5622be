import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ConfigFlag, readEnvironment } from '@hypermesh/kit'

export interface GlobalOptions {
  readonly json?: boolean
  readonly url?: string
  readonly key?: string
  readonly data?: string
  readonly config?: string
}

export interface ClientSettings {
  readonly dataDir: string
  readonly url: string | undefined
  readonly key: string | undefined
}

/** The whole configuration: file, environment, then these options and the command's own flags. */
export async function loadSettings(options: GlobalOptions, flags: readonly ConfigFlag[] = []) {
  const { loadLakehouseConfig } = await import('@hypermesh/lakehouse')
  return loadLakehouseConfig({
    environment: readEnvironment(),
    path: options.config,
    flags: [...globalFlags(options), ...flags],
  })
}

/** What a command needs to find the server. */
export async function readClientSettings(options: GlobalOptions): Promise<ClientSettings> {
  if (!isConfigured(options)) {
    return { dataDir: resolve(options.data ?? 'data'), url: options.url, key: options.key }
  }
  const { values } = await loadSettings(options)
  return {
    dataDir: resolve(values.lakehouse.dataDir),
    url: values.client.url,
    key: values.client.key?.reveal(),
  }
}

/** Where a prompt keeps what was typed. */
export function historyPath(language: 'sql' | 'graph'): string {
  const state = readEnvironment().XDG_STATE_HOME
  return join(state || join(homedir(), '.local', 'state'), 'hypermesh', `${language}_history`)
}

/** Loading the whole configuration loads the whole platform: only where there is one to read. */
function isConfigured({ config, key, url }: GlobalOptions): boolean {
  if (config !== undefined || key?.startsWith('file:') || url !== undefined) return true
  const isSetting = (name: string) => name.startsWith('HYPERMESH_') && name.includes('__')
  return existsSync('lakehouse.toml') || Object.keys(readEnvironment()).some(isSetting)
}

function globalFlags({ data, url, key }: GlobalOptions): ConfigFlag[] {
  const given = [
    { table: 'lakehouse', key: 'dataDir', value: data, name: '--data' },
    { table: 'client', key: 'url', value: url, name: '--url' },
    { table: 'client', key: 'key', value: key, name: '--key' },
  ]
  return given.filter(({ value }) => value !== undefined)
}
