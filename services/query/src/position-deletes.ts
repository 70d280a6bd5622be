import { HyperMeshError } from '@hypermesh/contract'
import { type DuckSession, quotePath } from '@hypermesh/duckdb'
import {
  type FileSchema,
  type PlannedFile,
  positionDeleteScan,
  type StoredFile,
} from '@hypermesh/iceberg'
import { pathOf } from './file-schemas.ts'
import { RecentMap } from './recent-map.ts'

/** Delete files that name rows of one data file. */
export interface PositionDeletes {
  /** The data file's name as the delete files write it: usually one. */
  readonly names: readonly string[]
  readonly files: readonly StoredFile[]
}

/** Names of data files kept, over all delete files. */
const namesMax = 1_000_000

/**
 * Which data files each position delete file is about. A file never changes, so it is read for this
 * once; its bounds alone would call far more data files touched than are.
 */
export class PositionTargets {
  readonly #named = new RecentMap<readonly string[]>(namesMax, (names) => names.length + 1)

  /** By the URI of the data file; those without an entry lose no row. */
  async of(
    session: DuckSession,
    files: readonly PlannedFile[],
    options: {
      readonly schemas: ReadonlyMap<string, FileSchema>
      /** One text for every spelling of one file's name. */
      readonly keyOf: (uri: string) => string
      readonly signal: AbortSignal
    },
  ): Promise<ReadonlyMap<string, PositionDeletes>> {
    const { schemas, keyOf, signal } = options
    const targets = new Map<string, ReadonlyMap<string, readonly string[]>>()
    for (const file of new Set(files.flatMap(({ positionDeletes }) => positionDeletes))) {
      if (targets.has(file.uri)) continue
      const known = this.#named.get(file.uri)
      const names = known ?? (await readNames(session, file, { schemas, signal }))
      this.#named.set(file.uri, names)
      targets.set(file.uri, groupBy(names, keyOf))
    }
    const touched = new Map<string, PositionDeletes>()
    for (const { uri, positionDeletes } of files) {
      const key = keyOf(uri)
      const deletes = positionDeletes.filter((each) => targets.get(each.uri)?.has(key))
      if (deletes.length === 0) continue
      const names = new Set(deletes.flatMap((each) => targets.get(each.uri)?.get(key) ?? []))
      touched.set(uri, { names: [...names], files: deletes })
    }
    return touched
  }
}

/** The SQL of a scan of position delete files that gives `file_path` and `pos`. */
export function positionScan(
  files: readonly StoredFile[],
  schemas: ReadonlyMap<string, FileSchema>,
): string {
  return files.map((file) => scanOf(file, schemas.get(pathOf(file)))).join(' UNION ALL ')
}

function scanOf(file: StoredFile, schema: FileSchema | undefined): string {
  const scan = positionDeleteScan(quotePath(pathOf(file)), schema)
  if (scan !== undefined) return scan
  throw new HyperMeshError('corrupt', `${file.uri} is no position delete file`)
}

async function readNames(
  session: DuckSession,
  file: StoredFile,
  options: { schemas: ReadonlyMap<string, FileSchema>; signal: AbortSignal },
): Promise<readonly string[]> {
  const scan = positionScan([file], options.schemas)
  const rows = await session.rows(`SELECT DISTINCT file_path FROM (${scan})`, {
    signal: options.signal,
  })
  return rows.flatMap((row) => (typeof row.file_path === 'string' ? [row.file_path] : []))
}

function groupBy(
  names: readonly string[],
  keyOf: (name: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const name of names) {
    const key = keyOf(name)
    groups.set(key, [...(groups.get(key) ?? []), name])
  }
  return groups
}
