import type { BadRowSearch, SearchedFile } from './bad-row.ts'
import { searchCsv } from './bad-rows-csv.ts'
import { searchLines, searchObjects } from './bad-rows-json.ts'
import type { DuckSession } from './session.ts'

/**
 * Finds the rows of a text file that are malformed, or hold a value that does not fit a type which is
 * stated, up to one more than `rowsMax`. What is left is loaded like any other file. Undefined: the format has no rows of text.
 */
export async function findBadRows(
  session: DuckSession,
  search: BadRowSearch,
): Promise<SearchedFile | undefined> {
  const { format } = search
  if (format === 'parquet' || format === 'arrow') return undefined
  if (format === 'ndjson') return searchLines(session, search)
  if (format === 'json') return searchObjects(session, search)
  return searchCsv(session, format === 'tsv' ? 'tsv' : 'csv', search)
}
