import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

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

export async function readClientSettings(options: GlobalOptions): Promise<ClientSettings> {
  return {
    dataDir: resolve(options.data ?? 'data'),
    url: options.url,
    key: options.key,
  }
}

/** Where the prompt keeps what was typed. */
export function historyPath(): string {
  return join(homedir(), '.local', 'state', 'hypermesh', 'sql_history')
}
