import { createReadStream } from 'node:fs'
import type { LoadRequest } from '@hypermesh/client'
import { HyperMeshError, type IngestReceipt } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import type { Connection } from '../connection.ts'
import { describeFailure, ReportedFailure, reportFailure, UsageError } from '../failure.ts'
import { listFiles } from '../file-list.ts'
import { openFileSource, sendFile } from '../file-source.ts'
import { type LoadFlags, type LoadShape, parseLoadFlags, parseMode } from '../load-options.ts'
import { formatBytes, formatDuration, formatPlural } from '../quantities.ts'
import { parseTarget, tableForFile } from '../target-table.ts'
import { printJob } from './jobs.ts'

export interface IngestFlags extends LoadFlags {
  readonly table?: string
  readonly into?: string
  readonly atomic?: boolean
  readonly mode: string
  readonly partitionBy?: string
  readonly sortBy?: string
  readonly onBadRows: string
  readonly badRowsMax?: string
  readonly again?: boolean
  readonly upload?: boolean
  readonly async?: boolean
}

interface Load extends LoadShape {
  readonly table: string | undefined
  readonly mode: 'append' | 'overwrite'
  readonly partitionBy?: string
  readonly sortBy?: string
  readonly onBadRows: 'fail' | 'skip'
  readonly badRowsMax?: number
  readonly again: boolean
  readonly upload: boolean
}

/** Loads files one after the other; a failed one does not stop those after it. */
export async function runIngest(
  context: CommandContext,
  names: readonly string[],
  flags: IngestFlags,
): Promise<void> {
  const target = flags.into ?? flags.table
  const load: Load = {
    ...parseLoadFlags(flags),
    table: target === undefined ? undefined : parseTarget(target),
    mode: parseMode(flags.mode),
    ...(flags.partitionBy === undefined ? {} : { partitionBy: flags.partitionBy }),
    ...(flags.sortBy === undefined ? {} : { sortBy: flags.sortBy }),
    ...parseBadRows(flags),
    again: flags.again === true,
    upload: flags.upload === true,
  }
  const files = await listFiles(names)
  if (flags.atomic) return ingestTogether(context, files, load)
  if (files.includes('-') && load.table === undefined) {
    throw new UsageError('standard input has no name: give --table')
  }
  if (load.mode === 'overwrite' && load.table !== undefined && files.length > 1) {
    throw new UsageError(
      'several files would overwrite one another: with --atomic they overwrite together',
    )
  }
  const connection = await context.connect()
  let failed = 0
  for (const file of files) {
    try {
      const { client } = connection
      if (flags.async) {
        printJob(
          context,
          await sendLoad(context, connection, { file, load, send: client.submitIngest }),
        )
      } else {
        const receipt = await sendLoad(context, connection, { file, load, send: client.ingest })
        printReceipt(context, file, receipt)
      }
    } catch (error) {
      if (stopsAll(error) || files.length === 1) throw error
      failed += 1
      printFailure(context, file, error)
    }
  }
  if (failed > 0) {
    if (!context.json) {
      context.terminal.note(`${failed} of ${files.length} files failed`)
    }
    throw new ReportedFailure()
  }
}

/** One request and one commit: all files, or none. */
async function ingestTogether(
  context: CommandContext,
  files: readonly string[],
  { table, upload: _, ...terms }: Load,
): Promise<void> {
  if (table === undefined) throw new UsageError('--atomic loads into one table: give --into')
  if (files.includes('-')) throw new UsageError('--atomic takes files, not standard input')
  const { client } = await context.connect()
  const sources = await Promise.all(files.map(openFileSource))
  const named = sources.map(({ name, path }) => ({ name, body: bytesOf(path ?? '') }))
  const options = { signal: context.signal }
  const { results } = await client.ingestFiles(table, named, { ...terms, atomic: true }, options)
  for (const [index, { receipt }] of results.entries()) {
    if (receipt !== undefined) printReceipt(context, files[index] ?? '', receipt)
  }
}

/** Opened when its turn comes: a form may have more files than a process may hold open. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>
}

interface FileLoad<Reply> {
  readonly file: string
  readonly load: Load
  readonly send: (
    table: string,
    request: LoadRequest,
    options: { readonly signal: AbortSignal },
  ) => Promise<Reply>
}

async function sendLoad<Reply>(
  { terminal, json, signal }: CommandContext,
  connection: Connection,
  { file, load, send }: FileLoad<Reply>,
): Promise<Reply> {
  const source = await openFileSource(file)
  const { table = tableForFile(file), upload, ...request } = load
  if (!json && terminal.stderr.isTTY !== true && source.bytes !== undefined) {
    terminal.note(`loading ${file} (${formatBytes(source.bytes)}) into ${table}`)
  }
  return sendFile({
    terminal,
    connection,
    source,
    upload,
    send: (from) => send(table, { ...request, ...from }, { signal }),
  })
}

/** Failures that the next file would meet as well. */
function stopsAll(error: unknown): boolean {
  return (
    error instanceof HyperMeshError &&
    ['unauthenticated', 'forbidden', 'unavailable', 'storage_full', 'cancelled'].includes(
      error.code,
    )
  )
}

function printFailure({ terminal, json }: CommandContext, file: string, error: unknown): void {
  if (json) {
    const { message } = describeFailure(error)
    const code = error instanceof HyperMeshError ? error.code : 'failed'
    terminal.print(JSON.stringify({ file, error: { code, message } }))
  } else {
    terminal.note(`${terminal.styleNote('red', '✗')} ${file}`)
    reportFailure(terminal, error, false)
  }
}

function printReceipt(
  { terminal, json }: CommandContext,
  file: string,
  receipt: IngestReceipt,
): void {
  if (json) {
    terminal.print(JSON.stringify({ file, ...receipt }))
    return
  }
  const { table, elapsedMs, snapshotId } = receipt
  if (receipt.result === 'already-loaded') {
    terminal.print(
      `${terminal.style('yellow', '=')} ${table}  already has these bytes from ${file}: nothing to do (snapshot ${snapshotId}; --again loads them again)`,
    )
    return
  }
  const facts = [
    formatPlural(receipt.rows, 'row'),
    `${formatBytes(receipt.bytesIn)} → ${formatBytes(receipt.bytesWritten)} in ${formatPlural(receipt.files, 'file')}`,
    formatDuration(elapsedMs),
    ...(receipt.partitions > 0 ? [formatPlural(receipt.partitions, 'partition')] : []),
    `snapshot ${snapshotId}`,
    ...(receipt.inPlace ? ['read in place'] : []),
  ]
  terminal.print(`${terminal.style('green', '✓')} ${table}  ${facts.join(' · ')}`)
  for (const line of badRowLines(receipt)) terminal.print(terminal.style('yellow', `  ${line}`))
  for (const change of receipt.schemaChanges) {
    const text = changeText(change)
    if (text !== undefined) terminal.print(terminal.style('dim', `  ${text}`))
  }
}

function parseBadRows({ onBadRows, badRowsMax }: IngestFlags) {
  if (onBadRows !== 'fail' && onBadRows !== 'skip') {
    throw new UsageError(`--on-bad-rows ${onBadRows}: write fail or skip`)
  }
  if (badRowsMax === undefined) return { onBadRows } as const
  if (onBadRows === 'fail') throw new UsageError('--bad-rows-max goes with --on-bad-rows skip')
  if (/^\d{1,12}$/.test(badRowsMax)) return { onBadRows, badRowsMax: Number(badRowsMax) } as const
  throw new UsageError(`--bad-rows-max ${badRowsMax}: write a number`)
}

const badRowsShown = 3

function badRowLines({ badRows }: IngestReceipt): string[] {
  if (badRows === undefined || badRows.count === 0) return []
  const samples = badRows.samples.slice(0, badRowsShown).map(({ line, row, reason }) => {
    return `  ${line === undefined ? `row ${row}` : `line ${line}`}: ${oneLine(reason)}`
  })
  return [`left out ${formatPlural(badRows.count, 'bad row')}`, ...samples]
}

function changeText(change: IngestReceipt['schemaChanges'][number]): string | undefined {
  const { kind, column, from, to } = change
  if (kind === 'create-table') return 'created the table'
  if (kind === 'add-column') return `added column ${JSON.stringify(column)}${to ? ` ${to}` : ''}`
  return `widened column ${JSON.stringify(column)} from ${from} to ${to}`
}
