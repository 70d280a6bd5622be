import { resultFormats } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { promptCommands, runPromptCommand } from '../prompt-commands.ts'
import { PromptHistory } from '../prompt-history.ts'
import { historyPath } from '../settings.ts'
import { parseParameters } from '../sql-parameters.ts'
import { type OutputFormat, SqlSession } from '../sql-session.ts'
import { type PromptLanguage, StatementPrompt } from '../statement-prompt.ts'
import { parsePositive, readScript } from '../statement-script.ts'
import { sqlDialect } from '../statement-splitter.ts'

export interface SqlFlags {
  readonly file?: string
  readonly format?: string
  readonly param: readonly string[]
  readonly maxRows?: string
  readonly timeout?: string
}

/** Enough to read; `--max-rows` asks for more. */
const tableRowsMax = 1000

/** Runs statements from the argument, a file or standard input, or opens the prompt. */
export async function runSql(
  context: CommandContext,
  statement: string | undefined,
  flags: SqlFlags,
): Promise<void> {
  const { terminal, signal } = context
  const script = await readScript(context, { statement, file: flags.file, dialect: sqlDialect })
  const session = await openSession(context, flags)
  if (script !== undefined) {
    for (const each of script) await session.run(each, signal)
    return
  }
  const { client, url } = await context.connect()
  const { version } = await client.readiness({ signal })
  terminal.print(`HyperMesh ${version} at ${url}`)
  terminal.print(terminal.style('dim', 'end statements with ; · .help shows the commands'))
  const history = await PromptHistory.open(historyPath('sql'))
  const language: PromptLanguage = {
    dialect: sqlDialect,
    commands: promptCommands,
    run: (text, stopped) => session.run(text, stopped),
    runCommand: (text, stopped) => runPromptCommand({ terminal, client, signal: stopped }, text),
    names: async () => (await client.listTables()).tables.map(({ table }) => table),
  }
  await new StatementPrompt({ terminal, language, history }).run()
}

/** A session as the flags describe it; throws `UsageError` for flags that are not right. */
export async function openSession(context: CommandContext, flags: SqlFlags): Promise<SqlSession> {
  const { terminal } = context
  const format = parseFormat(flags.format, context.json)
  const rowsMax = parsePositive(flags.maxRows, '--max-rows')
  const seconds = parsePositive(flags.timeout, '--timeout')
  const parameters = parseParameters(flags.param)
  const { client } = await context.connect()
  const isCut = format === 'table' && terminal.columns !== undefined
  return new SqlSession({
    terminal,
    client,
    format,
    parameters,
    rowsMax: rowsMax ?? (isCut ? tableRowsMax : undefined),
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
  })
}

function parseFormat(format: string | undefined, json: boolean): OutputFormat {
  if (format === undefined) return json ? 'json' : 'table'
  const found = (['table', ...resultFormats] as const).find((each) => each === format)
  if (found !== undefined) return found
  throw new UsageError(`no format "${format}"; the formats are table, ${resultFormats.join(', ')}`)
}
