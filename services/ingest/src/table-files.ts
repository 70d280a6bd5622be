import { mkdir, rm } from 'node:fs/promises'
import { type DataFileEntry, HyperMeshError, type Limits } from '@hypermesh/contract'
import {
  type CopiedFile,
  copyLaidOut,
  copyToParquet,
  type DuckSession,
  type Source,
} from '@hypermesh/duckdb'
import { type Evolution, toPartition, type WriteLayout } from '@hypermesh/iceberg'
import { targetColumns } from './source-fit.ts'

/** A finished Parquet file and what its manifest entry says beside its statistics. */
export interface TableFile extends CopiedFile {
  readonly place: Pick<DataFileEntry, 'partition' | 'sortOrderId'>
}

export interface TableFilesOptions {
  readonly source: Source
  readonly evolution: Evolution
  readonly layout: WriteLayout
  /** Made here; gone again after a failure. */
  readonly directory: string
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** Writes a source as files of a table: with its columns, in its partitions and its order. */
export async function writeTableFiles(
  session: DuckSession,
  options: TableFilesOptions,
): Promise<TableFile[]> {
  const { directory, limits } = options
  await mkdir(directory)
  try {
    const files = await writeFiles(session, options)
    if (files.length <= limits.commitFilesMax) return files
    throw new HyperMeshError('too_large', `the load made ${files.length} files`, {
      details: { commitFilesMax: limits.commitFilesMax },
    })
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function writeFiles(
  session: DuckSession,
  { source, evolution, layout, directory, limits, signal }: TableFilesOptions,
): Promise<TableFile[]> {
  const copy = { source, columns: targetColumns(evolution), directory, signal }
  const { partition, sort, sortOrderId } = layout
  if (partition.length === 0 && sort.length === 0) {
    return (await copyToParquet(session, copy)).map((file) => ({ ...file, place: {} }))
  }
  const { loadPartitionsMax: partitionsMax } = limits
  const files = await copyLaidOut(session, copy, { partition, sort, partitionsMax })
  return files.map((file) => ({
    ...file,
    place: {
      ...(partition.length === 0 ? {} : { partition: toPartition(partition, file.partition) }),
      ...(sortOrderId === undefined ? {} : { sortOrderId }),
    },
  }))
}
