import type { HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { type GraphFormat, GraphSession, graphFormats } from '../graph-session.ts'
import { parseNamedValue } from '../graph-values.ts'
import { PromptHistory } from '../prompt-history.ts'
import { historyPath } from '../settings.ts'
import { type PromptLanguage, StatementPrompt } from '../statement-prompt.ts'
import { parsePositive, readScript } from '../statement-script.ts'
import { graphDialect } from '../statement-splitter.ts'
import type { Terminal } from '../terminal.ts'
import { runGraphTables } from './graph-tables.ts'

export interface GraphQueryFlags {
  readonly execute?: string
  readonly file?: string
  readonly format?: string
  readonly param: readonly string[]
  readonly maxRows?: string
  readonly timeout?: string
}

/** As many as a reply has at most unless the server is told otherwise. */
const rowsMax = 1000

/** Runs statements from an option, a file or standard input, or opens the shell. */
export async function runGraphQuery(
  context: CommandContext,
  database: string,
  flags: GraphQueryFlags,
): Promise<void> {
  const { execute: statement, file } = flags
  const script = await readScript(context, { statement, file, dialect: graphDialect })
  if (script === undefined) return runGraphShell(context, database, flags)
  const { client } = await context.connect()
  const session = sessionOf({ context, client, database, flags })
  for (const each of script) await session.run(each, context.signal)
}

/** The prompt of the graph language, whose history is kept. */
export async function runGraphShell(
  context: CommandContext,
  database: string,
  flags: GraphQueryFlags,
): Promise<void> {
  const { terminal, signal } = context
  if (!terminal.isInteractive) {
    throw new UsageError('a shell needs a terminal; give a statement with -e, or a file with -f')
  }
  const { client, url } = await context.connect()
  const { tables } = await client.getGraphDatabase(database, { signal })
  terminal.print(`${database} at ${url}, ${tables} ${tables === 1 ? 'table' : 'tables'}`)
  terminal.print(terminal.style('dim', 'end statements with ; · .help shows the commands'))
  const session = sessionOf({ context, client, database, flags })
  const language: PromptLanguage = {
    dialect: graphDialect,
    commands: ['.help', '.quit', '.schema', '.tables'],
    run: (text, stopped) => session.run(text, stopped),
    runCommand: (text, stopped) => runShellCommand({ ...context, signal: stopped }, database, text),
    names: async () => (await client.listGraphTables(database)).tables.map(({ table }) => table),
  }
  const history = await PromptHistory.open(historyPath('graph'), graphDialect)
  await new StatementPrompt({ terminal, language, history }).run()
}

const help = `Statements end with ; and may span lines. Ctrl-C cancels the one that runs.
  .tables          list the tables
  .schema TABLE    members, properties and sizes of a table
  .help            this text
  .quit            leave, as does Ctrl-D
  MATCH HYPEREDGE (e:calls) WHERE 'ann' IN e.members RETURN * LIMIT 5;`

async function runShellCommand(
  context: CommandContext,
  database: string,
  text: string,
): Promise<boolean> {
  const [name = '', argument] = text.replace(/;$/, '').trim().split(/\s+/)
  if (name === '.quit' || name === '.exit') return false
  if (name === '.help') context.terminal.print(help)
  else if (name === '.tables') await runGraphTables(context, database)
  else if (name === '.schema' && argument !== undefined) {
    await runGraphTables(context, `${database}.${argument}`)
  } else if (name === '.schema') throw new HyperMeshError('invalid', '.schema needs a table’s name')
  else throw new HyperMeshError('invalid', `no command ${oneLine(name)}; .help lists them`)
  return true
}

function sessionOf({
  context,
  client,
  database,
  flags,
}: {
  readonly context: { readonly terminal: Terminal; readonly json: boolean }
  readonly client: HyperMeshClient
  readonly database: string
  readonly flags: GraphQueryFlags
}): GraphSession {
  const seconds = parsePositive(flags.timeout, '--timeout')
  return new GraphSession({
    terminal: context.terminal,
    client,
    database,
    format: parseFormat(flags.format, context.json),
    parameters: Object.fromEntries(flags.param.map((text) => parseNamedValue(text, '--param'))),
    rowsMax: parsePositive(flags.maxRows, '--max-rows') ?? rowsMax,
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
  })
}

function parseFormat(format: string | undefined, json: boolean): GraphFormat {
  if (format === undefined) return json ? 'json' : 'table'
  const found = graphFormats.find((each) => each === format)
  if (found !== undefined) return found
  throw new UsageError(`no format "${format}"; the formats are ${graphFormats.join(', ')}`)
}
