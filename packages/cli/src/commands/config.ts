import type { CommandContext } from '../command-context.ts'

export async function runConfig(_context: CommandContext): Promise<void> {
  throw new Error('not there yet')
}
