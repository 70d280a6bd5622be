import type { CommandContext } from '../command-context.ts'
import { ReportedFailure } from '../failure.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export async function runGraphBackup(
  { terminal, json, signal, connect }: CommandContext,
  database: string,
  name: string | undefined,
): Promise<void> {
  const backup = name ?? nameOfNow()
  const { client } = await connect()
  const made = await client.createGraphBackup(database, { backup }, { signal })
  terminal.print(json ? JSON.stringify(made) : `${made.backup} (${formatBytes(made.bytes)})`)
}

/** As people sort them: `b20240501_101500`. */
function nameOfNow(): string {
  return `b${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}`
}

export async function runGraphBackups(
  { terminal, json, signal, connect }: CommandContext,
  database: string,
): Promise<void> {
  const { backups } = await (await connect()).client.listGraphBackups(database, { signal })
  if (json) return terminal.print(JSON.stringify(backups))
  if (backups.length === 0) return terminal.print('no backups')
  printTable(
    terminal,
    [{ name: 'backup' }, { name: 'size', right: true }, { name: 'created' }],
    backups.map(({ backup, bytes, created_at: at }) => [backup, formatBytes(bytes), at]),
  )
}

export async function runGraphRestore(
  { terminal, json, signal, connect }: CommandContext,
  database: string,
  { backup, from }: { readonly backup: string; readonly from?: string },
): Promise<void> {
  const { client } = await connect()
  const request = { backup, ...(from === undefined ? {} : { from }) }
  const restored = await client.restoreGraphDatabase(database, request, { signal })
  if (json) return terminal.print(JSON.stringify(restored))
  terminal.print(`${restored.database}: ${restored.state}, as in ${backup}`)
}

/** Ends with the exit code 1 where something is damaged. */
export async function runGraphCheck(
  { terminal, json, signal, connect }: CommandContext,
  database: string,
): Promise<void> {
  const { client } = await connect()
  const report = await client.checkGraphDatabase(database, { signal })
  const { files, bytes, records, faults } = report
  if (json) terminal.print(JSON.stringify(report))
  else {
    const sound = faults.length === 0 ? 'sound' : formatPlural(faults.length, 'fault')
    const read = `${formatPlural(files, 'file')}, ${formatCount(records)} records`
    terminal.print(`${database}: ${sound}; read ${read}, ${formatBytes(bytes)}`)
    for (const fault of faults) terminal.note(fault)
  }
  if (faults.length > 0) throw new ReportedFailure()
}

export async function runGraphCompact(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const { client } = await connect()
  const database = await client.compactGraphDatabase(name, { signal })
  if (json) return terminal.print(JSON.stringify(database))
  terminal.print(`${name}: ${formatBytes(database.disk_bytes)} on disk`)
}
