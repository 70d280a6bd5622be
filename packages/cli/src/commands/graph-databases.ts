import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export async function runGraphList({
  terminal,
  json,
  signal,
  connect,
}: CommandContext): Promise<void> {
  const { databases } = await (await connect()).client.listGraphDatabases({ signal })
  if (json) return terminal.print(JSON.stringify(databases))
  if (databases.length === 0) return terminal.print('no graph databases')
  printTable(
    terminal,
    [{ name: 'database' }, { name: 'state' }, { name: 'tables', right: true }],
    databases.map(({ database, state, tables }) => [database, state, formatCount(tables)]),
  )
  for (const { database, problem } of databases) {
    if (problem !== undefined) terminal.note(`${database}: ${oneLine(problem)}`)
  }
}

export async function runGraphCreate(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const created = await (await connect()).client.createGraphDatabase(name, { signal })
  if (json) return terminal.print(JSON.stringify(created))
  terminal.print(`${created.database}: ${created.state}`)
}

export async function runGraphDrop(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.deleteGraphDatabase(name, { signal })
  terminal.print(`dropped ${name}; its backups stay`)
}

export async function runGraphShow(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const { client } = await connect()
  const database = await client.getGraphDatabase(name, { signal })
  if (json) return terminal.print(JSON.stringify(database))
  const { seq, nodes, tables } = database
  terminal.print(
    `${name}: ${database.state}, ${formatPlural(tables, 'table')}, ${formatPlural(nodes, 'node')}`,
  )
  if (database.problem !== undefined) terminal.print(oneLine(database.problem))
  terminal.print(`at commit ${seq}; as of ${database.history_floor} and later`)
  const { disk_bytes: disk, log_bytes: log, memory_bytes: memory } = database
  terminal.print(
    `on disk ${formatBytes(disk)}, log ${formatBytes(log)}, in memory ${formatBytes(memory)}`,
  )
}
