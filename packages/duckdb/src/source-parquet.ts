import { HyperMeshError, printable } from '@hypermesh/contract'
import { type ColumnChunk, verifyPageChecksums } from './parquet-checksums.ts'
import type { DuckSession } from './session.ts'
import {
  assertDistinctNames,
  type OpenedFile,
  quotePath,
  type Source,
  toldColumns,
} from './source-columns.ts'
import { reading } from './source-error.ts'
import type { FileHead } from './source-format.ts'
import { selectTyped } from './source-select.ts'

export async function openParquet(
  session: DuckSession,
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  const relation = `read_parquet(${quotePath(file.path)}, hive_partitioning = false)`
  await assertNames(session, file)
  await verifyPageChecksums(file.path, await listChunks(session, file), file.signal)
  const described = await reading(
    session.rows(`DESCRIBE SELECT * FROM ${relation}`, { signal: file.signal }),
  )
  const read = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]))
  const columns = toldColumns(read, file.overrides, 'file')
  return {
    format: 'parquet',
    bytes: head.fileBytes,
    columns,
    inferredFrom: 'file',
    options: {},
    select: (targets) => selectTyped(relation, columns, targets),
  }
}

async function listChunks(session: DuckSession, file: OpenedFile): Promise<ColumnChunk[]> {
  const rows = await reading(
    session.rows(
      `SELECT path_in_schema AS path, data_page_offset AS data, total_compressed_size AS bytes,
        CASE WHEN dictionary_page_offset > 0 THEN dictionary_page_offset END AS dictionary
      FROM parquet_metadata(${quotePath(file.path)})`,
      { signal: file.signal },
    ),
  )
  return rows.map((row) => {
    const data = Number(row.data)
    const start = row.dictionary === null ? data : Math.min(Number(row.dictionary), data)
    return { column: `"${printable(String(row.path))}"`, start, end: start + Number(row.bytes) }
  })
}

/** DuckDB renames the second of two equal columns in silence, so the footer is asked. */
async function assertNames(session: DuckSession, file: OpenedFile): Promise<void> {
  const rows = await reading(
    session.rows(
      `SELECT name, coalesce(num_children, 0) AS children
      FROM parquet_schema(${quotePath(file.path)})`,
      { signal: file.signal },
    ),
  )
  const nodes = rows.map((row) => ({
    name: String(row.name),
    children: Number(row.children),
  }))
  let at = 0
  const visit = (depth: number): string => {
    const node = nodes[at]
    if (node === undefined || depth > 100) {
      throw new HyperMeshError('invalid', 'the Parquet file is damaged: its schema does not add up')
    }
    at += 1
    const names: string[] = []
    for (let child = 0; child < node.children; child += 1) names.push(visit(depth + 1))
    if (names.length > 0 || depth === 0) assertGroup(names, depth === 0 ? undefined : node.name)
    return node.name
  }
  visit(0)
}

function assertGroup(names: readonly string[], group: string | undefined): void {
  if (group === undefined && names.length === 0) {
    throw new HyperMeshError('invalid', 'the Parquet file has no columns')
  }
  try {
    assertDistinctNames(names)
  } catch (cause) {
    if (group === undefined || !(cause instanceof HyperMeshError)) throw cause
    throw new HyperMeshError('invalid', `in "${printable(group)}": ${cause.message}`, { cause })
  }
}
