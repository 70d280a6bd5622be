import { resolve } from 'node:path'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { parseLoadFlags } from '../load-options.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface LinkFlags {
  readonly format?: string
  readonly hive?: boolean
  readonly type: readonly string[]
}

/** Makes a table of files on the server and shows the columns that it has. */
export async function runLink(
  { terminal, json, signal, connect }: CommandContext,
  table: string,
  path: string,
  { hive, ...flags }: LinkFlags,
): Promise<void> {
  if (!table.includes('.')) throw new UsageError(`${table}: write namespace.table`)
  const { client } = await connect()
  const linked = await client.linkVirtualTable(
    {
      table,
      path: resolve(path),
      ...parseLoadFlags(flags),
      ...(hive === true ? { hivePartitioning: true } : {}),
    },
    { signal },
  )
  if (json) return terminal.print(JSON.stringify(linked))
  printTable(
    terminal,
    [{ name: 'column' }, { name: 'type' }],
    linked.columns.map(({ name, type }) => [name, type]),
  )
  const size = `${formatPlural(linked.files, 'file')} (${formatBytes(linked.bytes)})`
  terminal.print(
    terminal.style('dim', `${linked.table}: ${size} of ${linked.format}, read in place`),
  )
}

export async function runLinks({ terminal, json, signal, connect }: CommandContext): Promise<void> {
  const { client } = await connect()
  const { tables } = await client.listVirtualTables({ signal })
  if (json) return terminal.print(JSON.stringify(tables))
  if (tables.length === 0) return terminal.print('no virtual tables')
  printTable(
    terminal,
    [{ name: 'table' }, { name: 'format' }, { name: 'columns', right: true }, { name: 'path' }],
    tables.map(({ table, format, columns, path }) => [
      table,
      format,
      formatCount(columns.length),
      path ?? '',
    ]),
  )
}

export async function runUnlink(
  { terminal, signal, connect }: CommandContext,
  table: string,
): Promise<void> {
  const { client } = await connect()
  await client.unlinkVirtualTable(table, { signal })
  terminal.print(`unlinked ${table}; its files stay`)
}
