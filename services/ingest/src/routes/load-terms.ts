import { HyperMeshError, headers, type IngestFilesQuery } from '@hypermesh/contract'
import type { Visit } from '@hypermesh/kit'
import { z } from 'zod'
import type { LoadRequest } from '../ingest.ts'
import { assertLayout, type LayoutRequest } from '../load-layout.ts'

/** What a request says of a load apart from its file. */
export function readTerms(
  c: Visit,
  query: Omit<IngestFilesQuery, 'atomic'>,
): Pick<LoadRequest, 'mode' | 'again' | 'layout' | 'badRows' | 'idempotencyKey'> {
  return {
    mode: query.mode,
    again: query.again === 'true',
    layout: readLayout(query),
    badRows: readBadRows(query, c.var.limits.badRowsMax),
    idempotencyKey: readIdempotencyKey(c),
  }
}

function readBadRows(
  { on_bad_rows, bad_rows_max }: Pick<IngestFilesQuery, 'on_bad_rows' | 'bad_rows_max'>,
  most: number,
) {
  if (on_bad_rows === 'skip') return { rowsMax: Math.min(bad_rows_max ?? most, most) }
  if (bad_rows_max === undefined) return undefined
  throw new HyperMeshError('invalid', 'bad_rows_max goes with on_bad_rows=skip')
}

function readLayout({
  partition_by,
  sort_by,
}: Pick<IngestFilesQuery, 'partition_by' | 'sort_by'>): LayoutRequest | undefined {
  if (partition_by === undefined && sort_by === undefined) return undefined
  const layout = { partitionBy: partition_by, sortBy: sort_by }
  assertLayout(layout)
  return layout
}

const typesSchema = z.record(z.string(), z.string().max(10_000))

export function parseTypes(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new HyperMeshError('invalid', 'types is not JSON; write {"column": "TYPE"}', { cause })
  }
  const parsed = typesSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new HyperMeshError('invalid', 'types must be an object of column → SQL type', {
    cause: parsed.error,
  })
}

function readIdempotencyKey(c: Visit): string | undefined {
  const key = c.req.header(headers.idempotencyKey)
  if (key === undefined) return undefined
  if (/^[\x21-\x7E]{1,255}$/.test(key)) return key
  throw new HyperMeshError(
    'invalid',
    'Idempotency-Key must be 1 to 255 visible ASCII characters without blanks',
  )
}
