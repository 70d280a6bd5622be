import { join } from 'node:path'
import {
  type BadRow,
  type FileFormat,
  HyperMeshError,
  type IcebergSchema,
} from '@hypermesh/contract'
import { type DuckSession, describeBadRow, findBadRows, toDuckDbType } from '@hypermesh/duckdb'

/** How many bad rows a receipt shows: it is kept with the commit. */
const samplesMax = 10

export interface GoodRowsOptions {
  readonly path: string
  readonly format: FileFormat
  /** Of the request: column name → SQL type. */
  readonly types: Readonly<Record<string, string>>
  /** Of the table as it stands. */
  readonly schema: IcebergSchema | undefined
  readonly rowsMax: number
  /** Where a file of the good rows is written. */
  readonly directory: string
  readonly signal: AbortSignal
}

/** A file to load in place of the one that was sent, and what it lacks. */
export interface GoodRows {
  readonly path: string
  readonly format: FileFormat
  readonly bad: { readonly count: number; readonly samples: readonly BadRow[] }
}

/** The rows of a file that can be loaded: the file itself where all of them can. */
export async function keepGoodRows(
  session: DuckSession,
  options: GoodRowsOptions,
): Promise<GoodRows> {
  const { path, format, directory } = options
  const expected = statedTypes(options)
  const found = await findBadRows(session, { ...options, expected, samplesMax })
  if (found === undefined || found.count === 0)
    return { path, format, bad: { count: 0, samples: [] } }
  if (found.count > options.rowsMax) throw tooMany(options.rowsMax, found.samples)
  const good = join(directory, 'good-rows')
  const written = await found.writeOthers(good)
  return { path: good, format: written, bad: { count: found.count, samples: found.samples } }
}

function tooMany(rowsMax: number, samples: readonly BadRow[]): HyperMeshError {
  const [first] = samples
  const shown = first === undefined ? '' : `; ${describeBadRow(first)}`
  return new HyperMeshError('invalid', `more than ${rowsMax} rows are bad${shown}`, {
    details: { badRowsMax: rowsMax, samples },
  })
}

/** What is wrong with the first bad row, for the message of a load that fails. */
export async function describeFirstBadRow(
  session: DuckSession,
  options: GoodRowsOptions,
): Promise<string | undefined> {
  const expected = statedTypes(options)
  const found = await findBadRows(session, { ...options, expected, samplesMax: 1 })
  const [first] = found?.samples ?? []
  return first && describeBadRow(first)
}

/** Texts take every value, and nested types are not looked into. */
function statedTypes({ types, schema }: GoodRowsOptions): Map<string, string> {
  const ofTable = (schema?.fields ?? []).flatMap(({ name, type }) =>
    typeof type === 'string' && !/^(string|binary|fixed)/.test(type)
      ? [[name, toDuckDbType(type)] as const]
      : [],
  )
  return new Map([...ofTable, ...Object.entries(types)])
}
