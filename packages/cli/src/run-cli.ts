import { readFile } from 'node:fs/promises'
import { CommanderError } from 'commander'
import { exitCodes, reportFailure } from './failure.ts'
import { createProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line and returns its exit code; what went wrong has been told. */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const program = createProgram({ terminal, version: await readVersion(), signal })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    // Commander has written its message, or the help that was asked for.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    const code = reportFailure(terminal, error, argv.includes('--json'))
    return signal.aborted ? exitCodes.interrupted : code
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
