import { createReadStream } from 'node:fs'
import { access, open, rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { addAbortSignal, Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { Database } from '../database.ts'
import { EngineError, toEngineError } from '../errors.ts'
import type { PropertyType } from '../schema.ts'
import type { Table } from '../table.ts'
import { exportArrow, importArrow } from './arrow-file.ts'
import { exportCsv, importCsv } from './csv.ts'
import { exportHif, importHif } from './hif.ts'
import type { ImportOptions, ImportReport } from './import-rows.ts'
import { exportNdjson, importNdjson } from './ndjson.ts'

/** Where a command reads and writes. */
export interface CommandStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  /** Calls `stop` when the user wants the command to end, by Ctrl-C for instance. */
  readonly onInterrupt?: (stop: () => void) => void
}

const help = `usage: hypergraph <command> …

  stats   <database>                   figures as JSON
  check   <database>                   reads and verifies everything; 1 when there are faults
  repair  <database>                   keeps what is before the damage, quarantines the rest
  compact <database>                   merges its segments
  backup  <database> <directory>       a consistent copy; into an earlier backup only what is new
  restore <backup> <directory>         verifies a backup and makes a database of it
  import  <database> <table> <file>    a file, or - for standard input
  export  <database> <table> [<file>]  to a file, or standard output

  --format <ndjson|hif|arrow|csv>   of the file; told by its ending unless given
  --create                          import: make the database and the table when they are missing
  --property <name>=<type>          import with --create: bool, int64, float64, string, timestamp
  --batch-rows <count>              import: hyperedges a commit, 10000 unless given
  --resume-key <text>               import: makes it harmless to run the same import again
  --default-at <instant>            import of hif: for edges without event_ts
  --drop-unknown                    import of hif: drop what the table does not have
  --integer-nodes                   import of csv: nodes of digits are integers
  --time-unit <s|ms|us>             import: what numbers of time count, ms unless given
  --from, --to <instant>            export: a span of time
  --help

exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted: an import ends between two commits then
`

const options = {
  format: { type: 'string' },
  create: { type: 'boolean' },
  property: { type: 'string', multiple: true },
  'batch-rows': { type: 'string' },
  'resume-key': { type: 'string' },
  'default-at': { type: 'string' },
  'drop-unknown': { type: 'boolean' },
  'integer-nodes': { type: 'boolean' },
  'time-unit': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

type Flags = ReturnType<typeof parse>['values']
type Format = 'ndjson' | 'hif' | 'arrow' | 'csv'

interface Call {
  readonly words: readonly string[]
  readonly flags: Flags
  readonly streams: CommandStreams
}

class UsageError extends Error {}

/** How many words a command takes. */
const commands: Readonly<
  Record<
    string,
    { readonly words: readonly [number, number]; readonly run: (call: Call) => Promise<number> }
  >
> = {
  stats: { words: [1, 1], run: stats },
  check: { words: [1, 1], run: check },
  repair: { words: [1, 1], run: repair },
  compact: { words: [1, 1], run: compact },
  backup: { words: [2, 2], run: backup },
  restore: { words: [2, 2], run: restore },
  import: { words: [3, 3], run: importFile },
  export: { words: [2, 3], run: exportFile },
}

/** Runs one command; returns the exit code and never throws. */
export async function runCommand(
  args: readonly string[],
  streams: CommandStreams,
): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    const [name, ...words] = positionals
    if (values.help) {
      streams.output.write(help)
      return 0
    }
    if (name === undefined) throw new UsageError('no command is given')
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined) throw new UsageError(`there is no command ${name}`)
    const [least, most] = command.words
    if (words.length < least || words.length > most) {
      throw new UsageError(`${name} takes ${least} words behind it, not ${words.length}`)
    }
    return await command.run({ words, flags: values, streams })
  } catch (error) {
    if (error instanceof UsageError) {
      streams.errors.write(`error: ${error.message}\nhint: hypergraph --help lists the commands\n`)
      return 2
    }
    streams.errors.write(`error: ${messageOf(error)}\n`)
    return 1
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : '')
  }
}

function messageOf(error: unknown): string {
  if (error instanceof EngineError) return `${error.message} (${error.code})`
  if (error instanceof Error && 'syscall' in error) return error.message
  return toEngineError(error).message
}

async function stats({ words: [path = ''], streams }: Call): Promise<number> {
  await using db = await Database.open(path, { readOnly: true, create: false })
  print(streams, { ...(await db.stats()), openReport: db.openReport })
  return 0
}

async function check({ words: [path = ''], streams }: Call): Promise<number> {
  await using db = await Database.open(path, { readOnly: true, create: false })
  const report = await db.check()
  print(streams, report)
  return report.faults.length === 0 ? 0 : 1
}

async function repair({ words: [path = ''], streams }: Call): Promise<number> {
  print(streams, await Database.repair(path))
  return 0
}

async function compact({ words: [path = ''] }: Call): Promise<number> {
  await using db = await Database.open(path, { create: false })
  await db.compact()
  return 0
}

async function backup({ words: [path = '', to = ''], streams }: Call): Promise<number> {
  // As the writer, since what is in the log becomes segments first.
  await using db = await Database.open(path, { create: false })
  print(streams, await db.backup(to))
  return 0
}

async function restore({ words: [from = '', to = ''], streams }: Call): Promise<number> {
  const report = await Database.restore({ from, to })
  print(streams, report)
  return report.faults.length === 0 ? 0 : 1
}

async function importFile({ words, flags, streams }: Call): Promise<number> {
  const [path = '', name = '', file = ''] = words
  const format = toFormat(flags, file)
  const timeUnit = toTimeUnit(flags['time-unit'])
  const batchRows = flags['batch-rows'] === undefined ? undefined : toCount(flags['batch-rows'])
  const properties = toProperties(flags.property ?? [])
  const create = flags.create === true
  const interrupt = new AbortController()
  let rowCount = 0
  // A file that is not there must not leave a new database behind.
  if (file !== '-') await access(file)
  await using db = await Database.open(path, { create, timeUnit })
  const isMissing = create && !db.hasTable(name)
  const table = isMissing ? await db.createTable(name, { properties }) : db.table(name)
  const input = file === '-' ? streams.input : createReadStream(file)
  const source = addAbortSignal(interrupt.signal, input)
  streams.onInterrupt?.(() => interrupt.abort())
  const settings = {
    ...(batchRows === undefined ? {} : { batchRows }),
    ...(flags['resume-key'] === undefined ? {} : { resumeKey: flags['resume-key'] }),
    signal: interrupt.signal,
    onProgress: (count: number) => {
      rowCount = count
    },
  }
  try {
    print(streams, await readFrom({ format, table, source, settings, flags }))
    return 0
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    const hint = settings.resumeKey === undefined ? '' : '; run the same again to go on'
    streams.errors.write(`interrupted: ${rowCount} hyperedges are in the table${hint}\n`)
    return 130
  }
}

async function readFrom(work: {
  readonly format: Format
  readonly table: Table
  readonly source: Readable
  readonly settings: ImportOptions
  readonly flags: Flags
}): Promise<ImportReport> {
  const { format, table, source, settings, flags } = work
  if (format === 'ndjson') return await importNdjson(table, source, settings)
  if (format === 'arrow') return await importArrow(table, source, settings)
  if (format === 'csv') {
    const integerNodes = flags['integer-nodes'] === true
    return await importCsv(table, source, { ...settings, integerNodes })
  }
  const defaultAt = flags['default-at']
  return await importHif(table, source, {
    ...settings,
    dropUnknown: flags['drop-unknown'] === true,
    ...(defaultAt === undefined ? {} : { defaultAt }),
  })
}

async function exportFile({ words, flags, streams }: Call): Promise<number> {
  const [path = '', name = '', file = '-'] = words
  const format = toFormat(flags, file)
  await using db = await Database.open(path, { readOnly: true, create: false })
  const table = db.table(name)
  const span = {
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
  }
  const writers = {
    ndjson: () => exportNdjson(table, span),
    arrow: () => exportArrow(table, span),
    csv: () => exportCsv(table, span),
    hif: () => exportHif(table, span),
  }
  const pieces = Readable.from(writers[format](), { objectMode: true })
  if (file === '-') await pipeline(pieces, streams.output, { end: false })
  else await writeNewFile(file, pieces)
  return 0
}

/** A file that is there already is not overwritten; half of one is not left. */
async function writeNewFile(path: string, pieces: Readable): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await pipeline(pieces, file.createWriteStream())
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

function print(streams: CommandStreams, report: object): void {
  streams.output.write(`${JSON.stringify(report, null, 2)}\n`)
}

function toFormat(flags: Flags, file: string): Format {
  const endings: Readonly<Record<string, Format>> = {
    '.ndjson': 'ndjson',
    '.jsonl': 'ndjson',
    '.hif': 'hif',
    '.json': 'hif',
    '.arrow': 'arrow',
    '.arrows': 'arrow',
    '.csv': 'csv',
  }
  const format = flags.format ?? endings[extname(file)]
  if (format === 'ndjson' || format === 'hif' || format === 'arrow' || format === 'csv') {
    return format
  }
  const why = format === undefined ? 'cannot be told from the file' : `cannot be ${format}`
  throw new UsageError(`the format ${why}; give --format ndjson, hif, arrow or csv`)
}

function toTimeUnit(unit = 'ms'): 's' | 'ms' | 'us' {
  if (unit === 's' || unit === 'ms' || unit === 'us') return unit
  throw new UsageError(`--time-unit is s, ms or us, not ${unit}`)
}

function toCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`--batch-rows is a whole number, not ${text}`)
}

function toProperties(pairs: readonly string[]): Record<string, PropertyType> {
  const entries = pairs.map((pair) => {
    const [name = '', type] = pair.split('=')
    if (type === undefined) throw new UsageError(`--property is <name>=<type>, not ${pair}`)
    // `createTable` checks both.
    return [name, type as PropertyType] as const
  })
  return Object.fromEntries(entries)
}
