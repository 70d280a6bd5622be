import type { DuckSession } from './session.ts'

/** What stays prepared keeps its parameter, beside DuckDB's own limit of memory. */
const keptCharsMax = 100_000

/** The SQL text of a syntax tree. */
export async function printSql(
  session: DuckSession,
  json: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [row] = await session.rows('SELECT json_deserialize_sql($1::VARCHAR::JSON) AS sql', {
    parameters: { values: [json] },
    again: json.length <= keptCharsMax,
    signal,
  })
  return String(row?.sql)
}
