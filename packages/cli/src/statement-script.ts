import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { CommandContext } from './command-context.ts'
import { UsageError } from './failure.ts'
import { type Dialect, splitStatements } from './statement-splitter.ts'

export interface Script {
  readonly statement: string | undefined
  readonly file: string | undefined
  readonly dialect: Dialect
}

/** The statements to run; undefined when a person shall type them. */
export async function readScript(
  { terminal }: CommandContext,
  { statement, file, dialect }: Script,
): Promise<string[] | undefined> {
  if (statement !== undefined && file !== undefined) {
    throw new UsageError('give a statement or --file, not both')
  }
  if (statement !== undefined && statement !== '-') return statementsOf(statement, dialect)
  if (file !== undefined) {
    const found = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`${file} cannot be read: ${error.message}`)
    })
    return statementsOf(found, dialect)
  }
  return terminal.isInteractive ? undefined : statementsOf(await text(terminal.stdin), dialect)
}

/** The last statement needs no semicolon. */
function statementsOf(script: string, dialect: Dialect): string[] {
  const { statements, rest } = splitStatements(script, dialect)
  const all = [...statements, ...(rest.trim() === '' ? [] : [rest.trim()])]
  if (all.length === 0) throw new UsageError('there is no statement to run')
  return all
}

export function parsePositive(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`${flag} ${text}: it must be a whole number above 0`)
}
