import {
  HyperMeshError,
  quoteIdentifier,
  type StructField,
  type TableMetadata,
} from '@hypermesh/contract'
import { quotePath, quoteText, toDuckDbType } from '@hypermesh/duckdb'
import {
  type EqualityDeleteFile,
  equalNames,
  type FileSchema,
  hasFieldIds,
  isReadById,
  type PlannedFile,
  readSchemaArgument,
  type StoredFile,
  withMappedIds,
} from '@hypermesh/iceberg'
import { fieldAt, projectFields } from './column-projection.ts'
import { EqualityKeys, type FieldPath } from './equality-keys.ts'
import { pathOf } from './file-schemas.ts'
import { type PositionDeletes, positionScan } from './position-deletes.ts'
import type { ResolvedTable } from './resolved-table.ts'

/** What is known of the files of one table that a statement needs. */
export interface Scan {
  readonly files: readonly PlannedFile[]
  /** By path, of data and equality delete files. */
  readonly schemas: ReadonlyMap<string, FileSchema>
  /** By the URI of a data file. */
  readonly positionDeletes: ReadonlyMap<string, PositionDeletes>
}

/**
 * Runs of files with the same columns that are still read each by a scan of its own. Such a scan names
 * the file's columns, so DuckDB knows its number of rows and orders joins by it; of a scan by ids, which
 * takes files of any columns, it assumes none (measured: a join took three times as long).
 */
const namedRunsMax = 16

/**
 * The SELECT of a table over the files that are left after pruning. Files that are clean and read
 * alike share one `read_parquet`, in runs, so that order is kept.
 */
export function selectFrom({ fields, metadata }: ResolvedTable, scan: Scan): string {
  const reader = new FileReader(metadata, scan, fields)
  const branches: { key: string; files: PlannedFile[] }[] = []
  for (const file of scan.files) {
    const key = reader.branchKey(file)
    const last = branches.at(-1)
    if (last?.key === key) last.files.push(file)
    else branches.push({ key, files: [file] })
  }
  if (branches.length > 0)
    return branches.map(({ files }) => reader.select(files)).join(' UNION ALL ')
  const nulls = fields.map(
    ({ name, type }) => `CAST(NULL AS ${toDuckDbType(type)}) AS ${quoteIdentifier(name)}`,
  )
  return `SELECT ${nulls.join(', ')} WHERE false`
}

/** A field of the table and the name that a scan gives it. */
interface WantedField {
  readonly path: FieldPath
  readonly name: string
}

class FileReader {
  readonly #metadata: TableMetadata
  readonly #scan: Scan
  readonly #fields: readonly StructField[]
  readonly #widened: ReadonlySet<number>
  readonly #keys: EqualityKeys
  readonly #readById = new Map<FileSchema, boolean>()
  readonly #readsByName: boolean

  constructor(metadata: TableMetadata, scan: Scan, fields: readonly StructField[]) {
    this.#metadata = metadata
    this.#scan = scan
    this.#fields = fields
    this.#widened = widenedFloats(metadata)
    this.#keys = new EqualityKeys(metadata, fields)
    const keys = scan.files.map((file) => this.#schemaOf(file).key)
    const runs = keys.filter((key, index) => index === 0 || key !== keys[index - 1])
    this.#readsByName = runs.length <= namedRunsMax
  }

  /** Files of one key may be read together. */
  branchKey(file: PlannedFile): string {
    const deletes = file.equalityDeletes.map(({ uri }) => uri).sort()
    const alone = this.#scan.positionDeletes.has(file.uri) ? file.uri : ''
    const ids = file.equalityDeletes.flatMap(({ equalityIds }) => equalityIds)
    const reading = this.#keys.areNested(ids)
      ? this.#nameKey(file)
      : this.#readingKey(file, this.#fields)
    return JSON.stringify([reading, deletes, alone])
  }

  /** One SELECT of the table's columns over files of one branch key. */
  select(files: readonly PlannedFile[]): string {
    const [first] = files
    if (first === undefined) throw new RangeError('a branch has at least one file')
    const columns = this.#fields.map((field): WantedField => ({ path: [field], name: field.name }))
    const positions = [...this.#positionCondition(first)]
    const conditions = [...positions, ...this.#equalityConditions(first)]
    if (conditions.length === 0) return this.#read(files, columns)
    const wanted = new Map(this.#fields.map((field): [number, FieldPath] => [field.id, [field]]))
    for (const { equalityIds } of first.equalityDeletes) {
      for (const id of equalityIds) wanted.set(id, this.#keys.of(id))
    }
    const inner = this.#read(
      files,
      [...wanted].map(([id, path]) => ({ path, name: `c${id}` })),
      positions.length > 0 ? 'file_row_number' : undefined,
    )
    const list = this.#fields.map(({ id, name }) => `c${id} AS ${quoteIdentifier(name)}`)
    return `SELECT ${list.join(', ')} FROM (${inner}) f WHERE ${conditions.join(' AND ')}`
  }

  /** SELECT of the fields under the names that they are given. */
  #read(
    files: readonly StoredFile[],
    wanted: readonly WantedField[],
    extra?: 'file_row_number',
  ): string {
    const [first] = files
    if (first === undefined) throw new RangeError('there is nothing to read')
    const paths = `[${files.map((file) => quotePath(pathOf(file))).join(', ')}]`
    const more = extra === undefined ? [] : [extra]
    // By name, a column of the file that is called file_row_number would hide DuckDB's.
    if (this.#isReadById(first, wanted, extra !== undefined)) {
      const columns = wanted.map(({ path: [field], name }) => ({
        id: field.id,
        name,
        type: toDuckDbType(field.type),
      }))
      const list = columns.map((column) => this.#byId(column))
      const argument = readSchemaArgument(columns)
      return `SELECT ${[...list, ...more].join(', ')} FROM read_parquet(${paths}, schema = ${argument}, hive_partitioning = false)`
    }
    const schema = this.#mappedSchema(first)
    if (extra !== undefined && schema.fields.some((field) => equalNames(field.name, extra))) {
      throw new HyperMeshError(
        'unsupported',
        `a file with position deletes has a column called ${extra}, and no column ids`,
      )
    }
    const values = projectFields(
      schema,
      wanted.map(({ path }) => path),
    )
    const list = wanted.map(({ name }, index) => `${values[index]} AS ${quoteIdentifier(name)}`)
    // A directory that is called like a column would give its value instead of the file's.
    return `SELECT ${[...list, ...more].join(', ')} FROM read_parquet(${paths}, hive_partitioning = false)`
  }

  #byId({ id, name, type }: { id: number; name: string; type: string }): string {
    const column = quoteIdentifier(name)
    return type === 'DOUBLE' && this.#widened.has(id)
      ? `coalesce(${column}, ${column}) AS ${column}`
      : column
  }

  *#positionCondition(file: PlannedFile): Generator<string> {
    const deletes = this.#scan.positionDeletes.get(file.uri)
    if (deletes === undefined) return
    const names = deletes.names.map(quoteText).join(', ')
    const scan = positionScan(deletes.files, this.#scan.schemas)
    yield `file_row_number NOT IN (SELECT pos FROM (${scan}) WHERE file_path IN (${names}) AND pos IS NOT NULL)`
  }

  /** Deletes by the same columns and from files that read alike are looked up together. */
  *#equalityConditions(file: PlannedFile): Generator<string> {
    const groups = new Map<string, EqualityDeleteFile[]>()
    for (const each of file.equalityDeletes) {
      const ids = [...each.equalityIds].sort((a, b) => a - b)
      const reading = this.#keys.areNested(ids)
        ? this.#nameKey(each)
        : this.#readingKey(
            each,
            ids.map((id) => this.#keys.of(id)[0]),
          )
      const key = JSON.stringify([ids, reading])
      groups.set(key, [...(groups.get(key) ?? []), each])
    }
    for (const deletes of groups.values()) {
      const ids = deletes[0]?.equalityIds ?? []
      const keys = ids.map((id): WantedField => ({ path: this.#keys.of(id), name: `d${id}` }))
      for (const each of deletes) this.#assertHas(each, keys)
      const equal = ids.map((id) => `f.c${id} IS NOT DISTINCT FROM d.d${id}`)
      yield `NOT EXISTS (SELECT 1 FROM (${this.#read(deletes, keys)}) d WHERE ${equal.join(' AND ')})`
    }
  }

  /** A key that were read as null would delete other rows than it should. */
  #assertHas(file: StoredFile, keys: readonly WantedField[]): void {
    const schema = this.#mappedSchema(file)
    if (keys.every(({ path }) => fieldAt(schema, path) !== undefined)) return
    throw new HyperMeshError('corrupt', `${file.uri} lacks a column of its equality ids`)
  }

  #readingKey(file: StoredFile, fields: readonly StructField[]): string {
    return this.#fitsById(file, fields) ? '' : this.#nameKey(file)
  }

  /** Files of one key have the same columns under the same names. */
  #nameKey(file: StoredFile): string {
    const schema = this.#schemaOf(file)
    return hasFieldIds(schema) ? schema.key : `${schema.key} ${file.schemaId}`
  }

  #isReadById(file: StoredFile, wanted: readonly WantedField[], always: boolean): boolean {
    if (wanted.some(({ path }) => path.length > 1)) return false
    const fields = wanted.map(({ path: [field] }) => field)
    return this.#fitsById(file, fields, always)
  }

  #fitsById(file: StoredFile, fields: readonly StructField[], always = false): boolean {
    const schema = this.#schemaOf(file)
    if (this.#readsByName && !always) return false
    // The columns of the table itself are asked about for every file, and few files differ.
    const known = fields === this.#fields ? this.#readById.get(schema) : undefined
    const found = known ?? (hasFieldIds(schema) && isReadById(schema, fields))
    if (fields === this.#fields) this.#readById.set(schema, found)
    return found
  }

  #mappedSchema(file: StoredFile): FileSchema {
    const schema = this.#schemaOf(file)
    return hasFieldIds(schema) ? schema : withMappedIds(schema, this.#metadata, file.schemaId)
  }

  #schemaOf(file: StoredFile): FileSchema {
    const found = this.#scan.schemas.get(pathOf(file))
    if (found === undefined) throw new RangeError(`the columns of ${file.uri} were not read`)
    return found
  }
}

/**
 * Columns that some file may hold as FLOAT. DuckDB would narrow the constant of a filter to the
 * file's type, so that `f > 0.1` missed a FLOAT 0.1, which is a little more; such a column is hidden
 * in an expression, so that the filter compares what was read.
 */
function widenedFloats({ schemas }: TableMetadata): ReadonlySet<number> {
  const floats = schemas.flatMap(({ fields }) => fields.filter(({ type }) => type === 'float'))
  return new Set(floats.map(({ id }) => id))
}
