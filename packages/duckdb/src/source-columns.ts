import { type FileFormat, HyperMeshError, type IcebergType, printable } from '@hypermesh/contract'
import { formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toIcebergType } from './iceberg-types.ts'
import { quoteText } from './sql-text.ts'

/** A column of a file, as the code that loads it sees it. */
export interface SourceColumn {
  readonly name: string
  /** In DuckDB's words. */
  readonly sourceType: string
  /** Field ids unassigned. */
  readonly type: IcebergType
  readonly from: 'inferred' | 'file' | 'override'
  /** No value anywhere that was read: any type would fit. */
  readonly allNull: boolean
}

/** A column of the table as the files will have it, fed from a column of the source. */
export interface TargetColumn {
  readonly name: string
  readonly id: number
  /** With field ids. */
  readonly type: IcebergType
  readonly sourceName: string
  /** The text of the source is to be read as `type`, not what was inferred cast to it. */
  readonly reread?: boolean | undefined
}

export interface Source {
  readonly format: FileFormat
  readonly bytes: number
  readonly columns: readonly SourceColumn[]
  readonly inferredFrom: 'file' | 'sample' | 'all'
  /** The dialect, as detected. */
  readonly options: Readonly<Record<string, unknown>>
  /** To be awaited before what `select` gives is run: where rows must be brought to DuckDB first. */
  readonly stage?: () => Promise<void>
  /** The table that these rows are brought to, which stands at the end of what `select` gives. */
  readonly stagedIn?: string
  /** A SELECT of the columns, each cast to the type its target is written from. */
  select(targets: readonly TargetColumn[]): string
  /** A file that goes on where this one ends, at the end of a record; absent: that cannot be told. */
  readonly continuedBy?: (file: { readonly path: string; readonly bytes: number }) => Source
}

/** What an opener of one format is given. */
export interface OpenedFile {
  readonly path: string
  readonly overrides: ReadonlyMap<string, string>
  readonly wholeFile: boolean
  readonly quotedEmptiesAnywhere: boolean
  readonly unpacksByName: boolean
  readonly textColumnsMax: number
  /** Of one record batch, unpacked. */
  readonly arrowBatchBytesMax: number
  readonly unpackedBytesMax: number
  readonly signal: AbortSignal | undefined
}

/** Refuses names that a reader which ignores case could not tell apart. */
export function assertDistinctNames(names: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const [index, name] of names.entries()) {
    if (name.trim() === '') {
      throw new HyperMeshError('invalid', `column ${index + 1} has no name; give it one`, {
        details: { position: index + 1 },
      })
    }
    const other = seen.get(name.toLowerCase())
    if (other !== undefined) {
      throw new HyperMeshError(
        'invalid',
        `two columns have one name: "${printable(other)}" and "${printable(name)}"; rename one`,
        { details: { columns: [other, name] } },
      )
    }
    seen.set(name.toLowerCase(), name)
  }
}

/** A row of text is held in several forms at once, so wide ones take much memory. */
export function assertTextWidth(columns: number, { textColumnsMax }: OpenedFile): void {
  if (columns <= textColumnsMax) return
  throw new HyperMeshError(
    'too_large',
    `the file has ${columns} columns; a text file may have ${textColumnsMax}, Parquet and Arrow more`,
    { details: { limit: 'text_columns_max', textColumnsMax } },
  )
}

/** The columns of a file whose types are told, but for those that are overridden. */
export function toldColumns(
  told: ReadonlyMap<string, string>,
  overrides: ReadonlyMap<string, string>,
  from: SourceColumn['from'],
): SourceColumn[] {
  assertOverridesKnown(overrides, [...told.keys()])
  return [...told].map(([name, type]) => {
    const override = overrides.get(name)
    const parsed = parseDuckDbType(override ?? type)
    return {
      name,
      sourceType: formatDuckDbType(parsed),
      type: toIcebergType(parsed),
      from: override === undefined ? from : 'override',
      allNull: false,
    }
  })
}

/** Refuses an override for a column that is not there, naming the nearest that is. */
export function assertOverridesKnown(
  overrides: ReadonlyMap<string, string>,
  names: readonly string[],
): void {
  const known = new Set(names)
  for (const name of overrides.keys()) {
    if (known.has(name)) continue
    const nearest = nearestName(name, names)
    throw new HyperMeshError(
      'invalid',
      `a type is given for column "${printable(name)}", which the file does not have` +
        (nearest === undefined ? '' : `; did you mean "${printable(nearest)}"`),
      { details: { column: name, ...(nearest === undefined ? {} : { nearest }) } },
    )
  }
}

function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Math.max(2, Math.ceil(name.length / 2)) + 1
  for (const candidate of names.slice(0, 1000)) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      nearest = candidate
    }
  }
  return nearest
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1]
    for (let column = 0; column < right.length; column += 1) {
      const replaced = (row[column] ?? 0) + (letter === right[column] ? 0 : 1)
      next.push(Math.min(replaced, (next[column] ?? 0) + 1, (row[column + 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}

/** A path as a literal that means this one file, whatever characters it has. */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, '[$&]'))
}
