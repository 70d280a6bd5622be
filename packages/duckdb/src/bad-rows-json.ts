import type { BadRow } from '@hypermesh/contract'
import { type BadRowSearch, type SearchedFile, toBadRow } from './bad-row.ts'
import type { DuckSession } from './session.ts'
import { quotePath } from './source-columns.ts'
import { reading } from './source-error.ts'
import { decodeHead, readHead } from './source-format.ts'
import { readJsonObjects } from './source-json.ts'
import { quoteText } from './sql-text.ts'
import { misfitReason, misfitText } from './stated-type.ts'

/** A control character that JSON does not allow, so no line holds it. */
const never = quoteText('\u0001')

/** Longer ones end the search: DuckDB reads in pieces of this size. */
const lineBytesMax = 16 * 1024 * 1024
const rejects = 'searched_lines'

/** Lines of NDJSON are read as they are, so that a malformed one does not end the reading. */
export async function searchLines(
  session: DuckSession,
  search: BadRowSearch,
): Promise<SearchedFile> {
  const options = [
    'auto_detect = false',
    'header = false',
    `delim = ${never}`,
    "quote = ''",
    "escape = ''",
    "columns = {'json': 'VARCHAR'}",
    // A carriage return before it is a blank to JSON; taken for a line end, lines would not add up.
    "new_line = '\\n'",
    'strict_mode = false',
    'null_padding = true',
    "compression = 'none'",
    `max_line_size = ${lineBytesMax}`,
    `buffer_size = ${lineBytesMax}`,
    'hive_partitioning = false',
  ].join(', ')
  const read = (more: string) => `read_csv(${quotePath(search.path)}, ${options}, ${more})`
  await session.run(`DROP TABLE IF EXISTS ${rejects}; DROP TABLE IF EXISTS ${rejects}_scans`)
  const recording = `store_rejects = true, rejects_table = '${rejects}',
    rejects_scan = '${rejects}_scans', rejects_limit = ${search.rowsMax + 1}`
  const { signal } = search
  await reading(session.run(`SELECT count(json) FROM ${read(recording)}`, { signal }))
  const unread = await session.rows(
    `SELECT DISTINCT line, csv_line AS text FROM ${rejects} ORDER BY line`,
    { signal },
  )
  const found = await searchRows(session, search, {
    from: read('ignore_errors = true'),
    position: 'line',
  })
  return withUnread(found, unread, search.samplesMax)
}

/** Lines that could not be read have no place among the others, which are further down for each. */
function withUnread(
  found: SearchedFile,
  unread: readonly Record<string, unknown>[],
  samplesMax: number,
): SearchedFile {
  const lines = unread.map(({ line }) => Number(line))
  const moved = found.samples.map((sample) => {
    const line = lines.reduce((at, each) => (each <= at ? at + 1 : at), sample.line ?? 0)
    return { ...sample, line }
  })
  const others = unread.slice(0, samplesMax).map(({ line, text }) => {
    return toBadRow({ line: Number(line), text: String(text), reason: 'the line is not UTF-8' })
  })
  const samples = [...moved, ...others].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  return { ...found, count: found.count + unread.length, samples: samples.slice(0, samplesMax) }
}

/** A malformed array cannot be told apart into rows; an item of another kind can. */
export async function searchObjects(
  session: DuckSession,
  search: BadRowSearch,
): Promise<SearchedFile> {
  const isArray = decodeHead(await readHead(search.path))
    .trimStart()
    .startsWith('[')
  const from = readJsonObjects({
    path: search.path,
    layout: isArray ? 'array' : 'unstructured',
  })
  return searchRows(session, search, { from, position: 'row' })
}

async function searchRows(
  session: DuckSession,
  { expected, rowsMax, samplesMax, signal }: BadRowSearch,
  { from, position }: { readonly from: string; readonly position: 'line' | 'row' },
): Promise<SearchedFile> {
  const checks = [...expected].map(([column, type]) => {
    const place = quoteText(`/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    return { column, type, ...jsonCheck(place, type) }
  })
  // What is no JSON is null here: the functions would fail.
  const rows = `(SELECT row_number() OVER () AS place, CAST(json AS VARCHAR) AS json,
    TRY_CAST(json AS JSON) AS value FROM ${from})`
  const fits = checks.map(({ bad }) => `NOT coalesce(${bad}, false)`)
  const isGood = ["coalesce(json_type(value) = 'OBJECT', false)", ...fits].join(' AND ')
  const reasons = checks.map(
    ({ bad, text }, index) => `CASE WHEN ${bad} THEN ${text} END AS v${index}`,
  )
  const blank = position === 'line' ? "trim(json, E' \\t\\r') <> '' AND" : ''
  const found = await reading(
    session.rows(
      `SELECT ${['place', 'left(json, 200) AS text', 'value IS NOT NULL AS valid', ...reasons].join(', ')}
      FROM ${rows} WHERE json IS NOT NULL AND ${blank} NOT (${isGood}) ORDER BY place LIMIT ${rowsMax + 1}`,
      { signal },
    ),
  )
  const samples = found.slice(0, samplesMax).map((row): BadRow => {
    const at = checks.findIndex((_, index) => row[`v${index}`] !== null)
    const check = checks[at]
    const shape = row.valid === true ? 'the value is no object' : 'the JSON is malformed'
    return toBadRow({
      [position]: Number(row.place),
      ...(check === undefined ? {} : { column: check.column }),
      text: String(row.text),
      reason: check ? misfitReason(check.column, String(row[`v${at}`]), check.type) : shape,
    })
  })
  return {
    count: found.length,
    samples,
    writeOthers: async (path) => {
      // Between tokens a line break is a blank; within a text JSON has none.
      const line = "replace(replace(json, chr(10), ' '), chr(13), ' ')"
      await reading(
        session.run(
          `COPY (SELECT ${line} AS json FROM ${rows} WHERE json IS NOT NULL AND ${isGood})
          TO ${quoteText(path)} (FORMAT csv, HEADER false, DELIMITER ${never}, QUOTE '', ESCAPE '')`,
          { signal },
        ),
      )
      return 'ndjson'
    },
  }
}

/** A value of JSON must be of the kind that is read as the type, and fit it. */
function jsonCheck(place: string, type: string) {
  const text = `json_extract_string(value, ${place})`
  const kind = `json_type(value, ${place})`
  const numbers = "'BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE'"
  const isNumber = /INT|DECIMAL|FLOAT|DOUBLE/.test(type)
  const kinds = isNumber ? numbers : type === 'BOOLEAN' ? "'BOOLEAN'" : "'VARCHAR'"
  const bad = `(${kind} <> 'NULL' AND (${kind} NOT IN (${kinds}) OR ${misfitText(text, type)}))`
  return { bad, text }
}
