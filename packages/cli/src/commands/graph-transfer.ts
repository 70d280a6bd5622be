import { createReadStream } from 'node:fs'
import { type GraphTransferFormat, graphTransferFormats } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { openFileSource } from '../file-source.ts'
import { parseGraphTarget } from '../graph-target.ts'
import { NewFile } from '../new-file.ts'
import { ProgressBar } from '../progress-bar.ts'
import { formatBytes, formatDuration } from '../quantities.ts'
import { copyBytes } from '../result-print.ts'
import { formatTotals } from './graph-tables.ts'

export interface ImportFlags {
  readonly into?: string
  readonly format?: string
  readonly integerNodes?: boolean
  readonly defaultAt?: string
  readonly dropUnknown?: boolean
  readonly resume?: string
}

export interface ExportFlags {
  readonly format?: string
  readonly from?: string
  readonly to?: string
  readonly asOf?: string
}

const chunkBytes = 1024 * 1024
const endings: Readonly<Record<string, GraphTransferFormat>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
  json: 'hif',
  hif: 'hif',
  arrow: 'arrow',
  arrows: 'arrow',
}

/** Sends a file of hyperedges; each commit of it lands as a whole. */
export async function runGraphImport(
  { terminal, json, signal, connect }: CommandContext,
  file: string,
  flags: ImportFlags,
): Promise<void> {
  if (flags.into === undefined) throw new UsageError('give --into DATABASE.TABLE')
  const target = parseGraphTarget(flags.into)
  const query = {
    format: parseFormat(flags.format, file),
    ...(flags.integerNodes ? { integer_nodes: 'true' as const } : {}),
    ...(flags.defaultAt === undefined ? {} : { default_at: flags.defaultAt }),
    ...(flags.dropUnknown ? { drop_unknown: 'true' as const } : {}),
  }
  const source = await openFileSource(file)
  const { client } = await connect()
  const bar = new ProgressBar(terminal, source.name, { bytesTotal: source.bytes })
  const startedAtMs = performance.now()
  try {
    const bytes =
      source.path === undefined
        ? terminal.stdin
        : createReadStream(source.path, { highWaterMark: chunkBytes })
    const options = { signal, idempotencyKey: flags.resume }
    const report = await client.importHyperedges(target, bar.count(bytes), query, options)
    bar.clear()
    if (json) {
      terminal.print(JSON.stringify(report))
      return
    }
    const took = formatDuration(performance.now() - startedAtMs)
    terminal.print(`${formatTotals(report.inserted, report.duplicates)} in ${took}`)
  } finally {
    bar.clear()
  }
}

/** Writes all hyperedges of a table to standard output, or to a file that is not there yet. */
export async function runGraphExport(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  { file, ...flags }: ExportFlags & { readonly file: string | undefined },
): Promise<void> {
  const format = parseFormat(flags.format, file ?? '-')
  if (file === undefined && format === 'arrow' && terminal.stdout.isTTY) {
    throw new UsageError('arrow is binary: name a file, or send it to a program')
  }
  const query = {
    format,
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
    ...(flags.asOf === undefined ? {} : { as_of: flags.asOf }),
  }
  const { client } = await connect()
  const exported = () => client.exportHyperedges(parseGraphTarget(name), query, { signal })
  if (file === undefined) {
    await copyBytes(terminal, await exported())
    return
  }
  // First, as an open answer would be left unread.
  await using output = await NewFile.create(file)
  const bytes = await output.write(await exported())
  terminal.print(json ? JSON.stringify({ file, bytes }) : `${file}: ${formatBytes(bytes)}`)
}

/** What is named, else what the file's ending says, else NDJSON. */
function parseFormat(format: string | undefined, file: string): GraphTransferFormat {
  if (format === undefined) {
    const ending = /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? ''
    return endings[ending] ?? 'ndjson'
  }
  const found = graphTransferFormats.find((each) => each === format)
  if (found !== undefined) return found
  throw new UsageError(`no format "${format}"; the formats are ${graphTransferFormats.join(', ')}`)
}
