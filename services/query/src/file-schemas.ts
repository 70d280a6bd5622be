import { HyperMeshError } from '@hypermesh/contract'
import { type DuckSession, quotePath } from '@hypermesh/duckdb'
import {
  type FileSchema,
  type FooterElement,
  type StoredFile,
  toFileSchema,
} from '@hypermesh/iceberg'
import { RecentMap } from './recent-map.ts'

/** The path that DuckDB opens the file by. */
export const pathOf = (file: Pick<StoredFile, 'uri' | 'localPath'>) => file.localPath ?? file.uri

/** Files asked about in one statement. */
const filesAtOnce = 1000
/** Different sets of columns kept to be shared; further ones are held once for each file. */
const sharedMax = 10_000

/** The columns of Parquet files, by path. A file never changes, so what is held is never stale. */
export class FileSchemas {
  readonly #byPath: RecentMap<FileSchema>
  readonly #byKey = new RecentMap<FileSchema>(sharedMax)

  constructor(filesMax: number) {
    this.#byPath = new RecentMap(filesMax)
  }

  /** By the file's path. Reads the footers of those that are not known yet. */
  async of(
    session: DuckSession,
    files: readonly StoredFile[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, FileSchema>> {
    const found = new Map<string, FileSchema>()
    const unknown = new Set<string>()
    for (const path of files.map(pathOf)) {
      const known = this.#byPath.get(path)
      if (known === undefined) unknown.add(path)
      else found.set(path, known)
    }
    const wanted = [...unknown]
    for (let start = 0; start < wanted.length; start += filesAtOnce) {
      const paths = wanted.slice(start, start + filesAtOnce)
      for (const [path, key] of await readFooters(session, paths, signal)) {
        const schema = this.#shared(key)
        found.set(path, schema)
        this.#byPath.set(path, schema)
      }
    }
    return found
  }

  #shared(key: string): FileSchema {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const schema = parseFooter(key)
    this.#byKey.set(key, schema)
    return schema
  }
}

/** The columns of each file as a text for `parseFooter`, by path, whatever is remembered of it. */
export async function readFooters(
  session: DuckSession,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (paths.length === 0) return new Map()
  const rows = await session.rows(footerSql(paths), { signal })
  const found = rows.flatMap((row) =>
    (row.paths as readonly string[]).map((path) => [path, String(row.key)] as const),
  )
  if (found.length === paths.length) return new Map(found)
  throw new HyperMeshError('corrupt', 'a parquet file of a table has no columns')
}

export function parseFooter(key: string): FileSchema {
  return toFileSchema((JSON.parse(key) as FooterRow[]).map(toElement), key)
}

/** A row for each different set of columns, with the files that have it. */
function footerSql(paths: readonly string[]): string {
  return `SELECT list(file_name) AS paths, to_json(columns)::VARCHAR AS key FROM (
    SELECT file_name, list({
      name: name, id: field_id, children: num_children, repeated: repetition_type = 'REPEATED',
      annotation: CASE WHEN converted_type = 'LIST' OR logical_type LIKE 'ListType%' THEN 'list'
                       WHEN converted_type LIKE 'MAP%' OR logical_type LIKE 'MapType%' THEN 'map' END,
      type: duckdb_type
    } ORDER BY column_id) AS columns
    FROM parquet_schema([${paths.map(quotePath).join(', ')}]) GROUP BY file_name
  ) GROUP BY columns`
}

/** A struct of the statement above as JSON. */
interface FooterRow {
  readonly name: string
  readonly id: number | null
  readonly children: number | null
  readonly repeated: boolean | null
  readonly annotation: 'list' | 'map' | null
  readonly type: string | null
}

function toElement({ name, id, children, repeated, annotation, type }: FooterRow): FooterElement {
  return {
    name,
    fieldId: id ?? undefined,
    childCount: children ?? 0,
    repeated: repeated === true,
    annotation: annotation ?? undefined,
    type: type ?? undefined,
  }
}
