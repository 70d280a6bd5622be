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
import { projectColumns } from './column-projection.ts'
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

class FileReader {
  readonly #metadata: TableMetadata
  readonly #scan: Scan
  readonly #fields: readonly StructField[]
  readonly #widened: ReadonlySet<number>
  readonly #knownFields: ReadonlyMap<number, StructField>
  readonly #readById = new Map<FileSchema, boolean>()
  readonly #readsByName: boolean

  constructor(metadata: TableMetadata, scan: Scan, fields: readonly StructField[]) {
    this.#metadata = metadata
    this.#scan = scan
    this.#fields = fields
    this.#widened = widenedFloats(metadata)
    // The scan's own schema is asked last, so its names and types win.
    const schemas = [...metadata.schemas.map((schema) => schema.fields), fields]
    this.#knownFields = new Map(schemas.flat().map((field) => [field.id, field]))
    const keys = scan.files.map((file) => this.#schemaOf(file).key)
    const runs = keys.filter((key, index) => index === 0 || key !== keys[index - 1])
    this.#readsByName = runs.length <= namedRunsMax
  }

  /** Files of one key may be read together. */
  branchKey(file: PlannedFile): string {
    const deletes = file.equalityDeletes.map(({ uri }) => uri).sort()
    const alone = this.#scan.positionDeletes.has(file.uri) ? file.uri : ''
    return JSON.stringify([this.#readingKey(file, this.#fields), deletes, alone])
  }

  /** One SELECT of the table's columns over files of one branch key. */
  select(files: readonly PlannedFile[]): string {
    const [first] = files
    if (first === undefined) throw new RangeError('a branch has at least one file')
    const conditions = [...this.#positionCondition(first), ...this.#equalityConditions(first)]
    if (conditions.length === 0) return this.#read(files, this.#fields, (field) => field.name)
    const keys = first.equalityDeletes.flatMap(({ equalityIds }) => equalityIds)
    const wanted = new Map(this.#fields.map((field) => [field.id, field]))
    for (const id of keys) wanted.set(id, this.#field(id))
    const inner = this.#read(files, [...wanted.values()], ({ id }) => `c${id}`, 'file_row_number')
    const list = this.#fields.map(({ id, name }) => `c${id} AS ${quoteIdentifier(name)}`)
    return `SELECT ${list.join(', ')} FROM (${inner}) f WHERE ${conditions.join(' AND ')}`
  }

  /** SELECT of the fields under the names that `nameOf` gives them. */
  #read(
    files: readonly StoredFile[],
    fields: readonly StructField[],
    nameOf: (field: StructField) => string,
    extra?: 'file_row_number',
  ): string {
    const [first] = files
    if (first === undefined) throw new RangeError('there is nothing to read')
    const paths = `[${files.map((file) => quotePath(pathOf(file))).join(', ')}]`
    const more = extra === undefined ? [] : [extra]
    const schema = this.#mappedSchema(first)
    // By name, a column of the file that is called file_row_number would hide DuckDB's.
    if (this.#isReadById(first, fields, extra !== undefined)) {
      const columns = fields.map((field) => ({
        id: field.id,
        name: nameOf(field),
        type: toDuckDbType(field.type),
      }))
      const list = columns.map((column) => this.#byId(column))
      const argument = readSchemaArgument(columns)
      return `SELECT ${[...list, ...more].join(', ')} FROM read_parquet(${paths}, schema = ${argument}, hive_partitioning = false)`
    }
    if (extra !== undefined && schema.fields.some((field) => equalNames(field.name, extra))) {
      throw new HyperMeshError(
        'unsupported',
        `a file with position deletes has a column called ${extra}, and no column ids`,
      )
    }
    const list = projectColumns(schema, fields).map((value, index) => {
      const field = fields[index]
      return field === undefined ? value : `${value} AS ${quoteIdentifier(nameOf(field))}`
    })
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
      const fields = ids.map((id) => this.#field(id))
      const key = JSON.stringify([ids, this.#readingKey(each, fields)])
      groups.set(key, [...(groups.get(key) ?? []), each])
    }
    for (const deletes of groups.values()) {
      const fields = (deletes[0]?.equalityIds ?? []).map((id) => this.#field(id))
      for (const each of deletes) this.#assertHas(each, fields)
      const rows = this.#read(deletes, fields, ({ id }) => `d${id}`)
      const equal = fields.map(({ id }) => `f.c${id} IS NOT DISTINCT FROM d.d${id}`)
      yield `NOT EXISTS (SELECT 1 FROM (${rows}) d WHERE ${equal.join(' AND ')})`
    }
  }

  /** A delete by a column that the table has dropped still holds, so all schemas are asked. */
  #field(id: number): StructField {
    const found = this.#knownFields.get(id)
    if (found !== undefined && typeof found.type === 'string') return found
    throw new HyperMeshError(
      'unsupported',
      `the table has equality deletes by field ${id}, which is no column of a primitive type`,
    )
  }

  /** A key column that were read as null would delete other rows than it should. */
  #assertHas(file: StoredFile, fields: readonly StructField[]): void {
    const schema = this.#mappedSchema(file)
    if (fields.every(({ id }) => schema.fields.some((field) => field.id === id))) return
    throw new HyperMeshError('corrupt', `${file.uri} lacks a column of its equality ids`)
  }

  #readingKey(file: StoredFile, fields: readonly StructField[]): string {
    const schema = this.#schemaOf(file)
    if (!hasFieldIds(schema)) return `${schema.key} ${file.schemaId}`
    return this.#isReadById(file, fields) ? '' : schema.key
  }

  #isReadById(file: StoredFile, fields: readonly StructField[], always = false): boolean {
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
