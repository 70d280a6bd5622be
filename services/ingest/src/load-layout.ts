import {
  HyperMeshError,
  type IcebergSchema,
  type LoadTableReply,
  printable,
} from '@hypermesh/contract'
import {
  isSameLayout,
  type NewLayout,
  newLayout,
  parsePartitionBy,
  parseSortBy,
  toWriteLayout,
  type WriteLayout,
  writeLayoutOf,
} from '@hypermesh/iceberg'

/** As a person writes it: `day(ts), bucket(16, id)` and `ts desc`. */
export interface LayoutRequest {
  readonly partitionBy?: string | undefined
  readonly sortBy?: string | undefined
}

export interface LoadLayout {
  readonly write: WriteLayout
  /** Set where the table is created with it. */
  readonly create?: NewLayout
}

/** Malformed requests are told before anything is read. */
export function assertLayout(request: LayoutRequest | undefined): void {
  if (request?.partitionBy !== undefined) parsePartitionBy(request.partitionBy)
  if (request?.sortBy !== undefined) parseSortBy(request.sortBy)
}

/** How the files of a load are laid out: as its table is, or as it will be created. */
export function planLayout(
  table: LoadTableReply | undefined,
  schema: IcebergSchema,
  request: LayoutRequest | undefined,
): LoadLayout {
  const asked = request && {
    partition: request.partitionBy === undefined ? [] : parsePartitionBy(request.partitionBy),
    sort: request.sortBy === undefined ? [] : parseSortBy(request.sortBy),
  }
  if (table === undefined) {
    const create = asked === undefined ? {} : newLayout(schema, asked)
    return { write: toWriteLayout(schema, create), ...(asked === undefined ? {} : { create }) }
  }
  const write = writeLayoutOf(table.metadata, schema)
  if (asked === undefined) return { write }
  const other = toWriteLayout(schema, newLayout(schema, asked))
  const wanted = {
    ...other,
    ...(request?.partitionBy === undefined ? { partition: write.partition } : {}),
    ...(request?.sortBy === undefined ? { sort: write.sort } : {}),
  }
  if (isSameLayout(write, wanted)) return { write }
  throw new HyperMeshError(
    'invalid',
    'the table is laid out otherwise; partition_by and sort_by are for tables that a load creates',
    { details: { partitionBy: printable(describe(write)) } },
  )
}

function describe({ partition }: WriteLayout): string {
  const columns = partition.map(({ path, transform }) => {
    const width = 'width' in transform ? `[${transform.width}]` : ''
    return `${transform.kind}${width}(${path.join('.')})`
  })
  return columns.join(', ')
}
