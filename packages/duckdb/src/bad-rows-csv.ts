import { createReadStream } from 'node:fs'
import { type BadRow, HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { type BadRowSearch, type SearchedFile, toBadRow } from './bad-row.ts'
import { detectCsvDialect } from './csv-dialect.ts'
import { type CsvFile, readCsv } from './csv-reader.ts'
import type { DuckSession } from './session.ts'
import { reading } from './source-error.ts'
import { readHead } from './source-format.ts'
import { quoteText } from './sql-text.ts'
import { misfitReason, misfitText } from './stated-type.ts'

/** The scans of one search, each of which keeps its own account of the rows that it leaves out. */
type Scan = 'searched_types' | 'searched_texts' | 'searched_others'

/** A column whose type is stated. */
interface Check {
  readonly column: string
  /** As the search names it. */
  readonly alias: string
  readonly type: string
}

export async function searchCsv(
  session: DuckSession,
  format: 'csv' | 'tsv',
  search: BadRowSearch,
): Promise<SearchedFile> {
  const head = await readHead(search.path)
  const complete = head.bytes.length === head.fileBytes
  // Bytes that are no UTF-8 make their row a bad one, not the file.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(head.bytes)
  const dialect = detectCsvDialect(text, { format, complete })
  const names = dialect.firstRecord.map((_, index) => `c${index}`)
  const expected = new Map([...search.expected].map(([name, type]) => [name.toLowerCase(), type]))
  const checks = dialect.firstRecord.flatMap((column, index): Check[] => {
    const type = expected.get(column.trim().toLowerCase())
    return type === undefined ? [] : [{ column, alias: `c${index}`, type }]
  })
  // Where a name of the table stands, the first record is the header. Otherwise it is a row like the
  // others here, and what it is shows when what is left is loaded.
  const header = checks.length > 0
  const csv: CsvFile = {
    path: search.path,
    dialect,
    header,
    names,
    dateFormat: null,
    timestampFormat: null,
    quotedEmpties: true,
  }
  const found = await readRejects(session, { csv, checks, search })
  const inexact = await readInexact(session, { csv, checks, search })
  const stated = checks.map((check) => ({ ...check, alias: `nullif(${check.alias}, '')` }))
  const isGood = checks.length === 0 ? 'true' : `NOT (${anyMisfit(stated)})`
  return {
    count: found.count + inexact.count,
    samples: [...found.samples, ...inexact.samples].slice(0, search.samplesMax).map(toBadRow),
    writeOthers: async (path) => {
      const rows = await openScan(session, 'searched_others', { csv, search })
      const titles = header
        ? names.map(
            (name, index) => `${name} AS ${quoteIdentifier(dialect.firstRecord[index] ?? '')}`,
          )
        : names
      await reading(
        session.run(
          `COPY (SELECT ${titles.join(', ')} FROM ${rows} WHERE ${isGood})
          TO ${quoteText(path)} (FORMAT csv, HEADER ${header}, DELIMITER ${quoteText(dialect.delimiter)},
            QUOTE '"', ESCAPE '"')`,
          { signal: search.signal },
        ),
      )
      const [left] = await session.rows(
        'SELECT count(DISTINCT line_byte_position) AS n FROM searched_others',
      )
      if (Number(left?.n) !== malformed(found)) {
        throw new HyperMeshError('internal', 'the bad rows of a file are others than before')
      }
      return format
    },
  }
}

interface CsvSearch {
  readonly csv: CsvFile
  readonly checks: readonly Check[]
  readonly search: BadRowSearch
}

/**
 * A relation of the rows. DuckDB is always told to account for those left out: without that it ends
 * silently at the first bad quote.
 */
async function openScan(
  session: DuckSession,
  scan: Scan,
  {
    csv,
    search,
    types,
  }: Pick<CsvSearch, 'csv' | 'search'> & { types?: ReadonlyMap<string, string> },
): Promise<string> {
  await session.run(`DROP TABLE IF EXISTS ${scan}; DROP TABLE IF EXISTS ${scan}_scans`)
  const columns = types ?? new Map(csv.names.map((name) => [name, 'VARCHAR']))
  const keepsEmptyTexts = scan === 'searched_others'
  return readCsv(csv, columns, { keepsEmptyTexts, rejects: scan, rejectsMax: search.rowsMax + 1 })
}

const anyMisfit = (checks: readonly Check[]) =>
  checks.map(({ alias, type }) => misfitText(alias, type)).join(' OR ')

/** Rows that do not split into the columns, or have a value that cannot be cast, by their lines. */
async function readRejects(session: DuckSession, { csv, checks, search }: CsvSearch) {
  const { samplesMax, signal } = search
  const typed = new Map(csv.names.map((name) => [name, 'VARCHAR']))
  for (const { alias, type } of checks) typed.set(alias, type)
  const from = await openScan(session, 'searched_types', { csv, search, types: typed })
  // Every value is looked at, or its column would not be converted.
  const values = csv.names.map((name) => `count(${name})`)
  await reading(session.run(`SELECT ${values.join(', ')} FROM ${from}`, { signal }))
  const rows = await session.rows(
    `SELECT line_byte_position AS start, min_by(column_name, column_idx) AS name,
      min_by(error_type::VARCHAR, column_idx) AS kind, any_value(csv_line) AS text,
      min_by(error_message, column_idx) AS message
    FROM searched_types GROUP BY start ORDER BY start`,
    { signal },
  )
  const shown = rows.slice(0, samplesMax)
  // DuckDB counts records; a quoted value may hold line breaks.
  const lines = await linesAt(
    search.path,
    shown.map(({ start }) => Number(start)),
    signal,
  )
  const samples = shown.map((row, index) => toSample(row, lines[index] ?? 0, checks))
  const casts = rows.filter(({ kind }) => kind === 'CAST').length
  return { count: rows.length, casts, samples }
}

function toSample(row: Record<string, unknown>, line: number, checks: readonly Check[]): BadRow {
  const check = checks.find(({ alias }) => alias === row.name)
  const text = String(row.text)
  const message = String(row.message)
  if (row.kind !== 'CAST' || check === undefined) {
    return { line, text, reason: wordsOf(row.kind, message.split('\n')[0] ?? '') }
  }
  const value = /string "(.*?)" to/.exec(message)?.[1] ?? ''
  return { line, column: check.column, text, reason: misfitReason(check.column, value, check.type) }
}

/** The lines in which these bytes stand, which are in order. */
async function linesAt(
  path: string,
  places: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const lines: number[] = []
  const last = places.at(-1)
  if (last === undefined) return lines
  let line = 1
  let at = 0
  const stream = createReadStream(path, { end: last, ...(signal === undefined ? {} : { signal }) })
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0
    while (lines.length < places.length && (places[lines.length] ?? 0) < at + chunk.length) {
      const to = (places[lines.length] ?? 0) - at
      line += breaksIn(chunk.subarray(from, to))
      lines.push(line)
      from = to
    }
    line += breaksIn(chunk.subarray(from))
    at += chunk.length
  }
  return lines
}

function breaksIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1
  return count
}

/** Rows that do not split into the columns, whatever types those have. */
const malformed = ({ count, casts }: { count: number; casts: number }) => count - casts

function wordsOf(kind: unknown, message: string): string {
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (counts !== null) return `the row has ${counts[2]} fields where the first has ${counts[1]}`
  if (kind === 'UNQUOTED VALUE') return 'a quoted value does not end properly'
  if (kind === 'INVALID ENCODING') return 'the text is not UTF-8'
  return kind === 'LINE SIZE OVER MAXIMUM' ? 'the line is too long' : message
}

/** Rows with a value that can be cast, but not exactly: DuckDB would round it. */
async function readInexact(session: DuckSession, { csv, checks, search }: CsvSearch) {
  if (checks.length === 0) return { count: 0, samples: [] }
  const { rowsMax, samplesMax, signal } = search
  const castable = checks.map(({ alias, type }) => {
    return `(${alias} IS NULL OR TRY_CAST(${alias} AS ${type}) IS NOT NULL)`
  })
  const values = checks.map(({ alias, type }, index) => {
    return `CASE WHEN ${misfitText(alias, type)} THEN ${alias} END AS v${index}`
  })
  const from = await openScan(session, 'searched_texts', { csv, search })
  const rows = await reading(
    session.rows(
      `SELECT row, ${values.join(', ')}, concat_ws(',', ${csv.names.join(', ')}) AS text
      FROM (SELECT row_number() OVER () AS row, * FROM ${from})
      WHERE (${anyMisfit(checks)}) AND ${castable.join(' AND ')} LIMIT ${rowsMax + 1}`,
      { signal },
    ),
  )
  const samples = rows.slice(0, samplesMax).map((row): BadRow => {
    const at = checks.findIndex((_, index) => row[`v${index}`] !== null)
    const check = checks[at]
    const reason = misfitReason(check?.column ?? '', String(row[`v${at}`]), check?.type ?? '')
    return { row: Number(row.row), column: check?.column ?? '', text: String(row.text), reason }
  })
  return { count: rows.length, samples }
}
