import type { HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError, type IcebergType } from '@hypermesh/contract'
import { oneLine } from './cell-text.ts'
import { runHistory } from './commands/history.ts'
import { runTables } from './commands/tables.ts'
import { printTable } from './table-print.ts'
import { parseTarget } from './target-table.ts'
import type { Terminal } from './terminal.ts'

export interface PromptContext {
  readonly terminal: Terminal
  readonly client: HyperMeshClient
  readonly signal: AbortSignal
}

export const promptCommands = ['.help', '.history', '.quit', '.schema', '.tables'] as const

const help = `Statements end with ; and may span lines. Ctrl-C cancels the one that runs.
  .tables          list the tables
  .schema TABLE    the columns of a table
  .history TABLE   the snapshots of a table
  .help            this text
  .quit            leave, as does Ctrl-D
Read a table as it was:  SELECT * FROM t AT (VERSION => 123);`

/** Runs a command of the prompt; false when the prompt shall end. */
export async function runPromptCommand(context: PromptContext, text: string): Promise<boolean> {
  const [name = '', argument] = text.replace(/;$/, '').trim().split(/\s+/)
  switch (name) {
    case '.quit':
    case '.exit':
      return false
    case '.help':
      context.terminal.print(help)
      return true
    case '.tables':
      await runTables(context)
      return true
    case '.schema':
      await printSchema(context, need(argument, name))
      return true
    case '.history':
      await runHistory(context, need(argument, name))
      return true
    default:
      throw new HyperMeshError('invalid', `no command ${oneLine(name)}; .help lists them`)
  }
}

function need(argument: string | undefined, name: string): string {
  if (argument === undefined) throw new HyperMeshError('invalid', `${name} needs a table's name`)
  return argument
}

async function printSchema({ terminal, client, signal }: PromptContext, name: string) {
  const { metadata } = await client.loadTable(parseTarget(name), { signal })
  const schema = metadata.schemas.find(
    (each) => each['schema-id'] === metadata['current-schema-id'],
  )
  printTable(
    terminal,
    [{ name: 'column' }, { name: 'type' }],
    (schema?.fields ?? []).map((field) => [oneLine(field.name), typeText(field.type)]),
  )
}

/** `struct<a: long, b: list<string>>`. */
function typeText(type: IcebergType): string {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${typeText(type.element)}>`
  if (type.type === 'map') return `map<${typeText(type.key)}, ${typeText(type.value)}>`
  return `struct<${type.fields.map((each) => `${oneLine(each.name)}: ${typeText(each.type)}`).join(', ')}>`
}
