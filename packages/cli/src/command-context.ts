import type { HyperMeshClient } from '@hypermesh/client'
import { type Connection, findConnection } from './connection.ts'
import { type GlobalOptions, readClientSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** What every command is handed beside its own arguments. */
export interface CommandContext {
  readonly terminal: Terminal
  readonly options: GlobalOptions
  readonly json: boolean
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
  connect(): Promise<Connection>
}

/** For commands that also run inside the prompt, which is connected already. */
export interface TableView {
  readonly terminal: Terminal
  readonly client: HyperMeshClient
  readonly signal: AbortSignal
  readonly json?: boolean
}

export function createContext(
  terminal: Terminal,
  options: GlobalOptions,
  signal: AbortSignal,
): CommandContext {
  return {
    terminal,
    options,
    json: options.json === true,
    signal,
    connect: async () => findConnection(await readClientSettings(options)),
  }
}
