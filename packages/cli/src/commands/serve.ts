import type { CommandContext } from '../command-context.ts'

export interface ServeFlags {
  readonly host?: string
  readonly port?: string
  readonly auth: boolean
  readonly logLevel?: string
}

export async function runServe(_context: CommandContext, _flags: ServeFlags): Promise<void> {
  throw new Error('not there yet')
}
