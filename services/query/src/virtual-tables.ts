import {
  formatTableName,
  HyperMeshError,
  hasRole,
  icebergType,
  type Limits,
  linkTableRequest,
  type Principal,
  parseTableName,
  quoteIdentifier,
  type StructField,
  type TableName,
  type VirtualTable,
  virtualTable,
} from '@hypermesh/contract'
import {
  csvFormOf,
  type DuckDatabase,
  type DuckSession,
  type FileHead,
  inspectSource,
  quoteText,
  readByTemplate,
  type Source,
  sourceTemplate,
  toDuckDbType,
} from '@hypermesh/duckdb'
import type { Clock } from '@hypermesh/kit'
import type { ObjectStore } from '@hypermesh/object-store'
import { z } from 'zod'
import { DefinitionStore } from './definition-store.ts'
import { type FileRoot, type ListedFile, listFiles } from './file-listing.ts'
import { groupByPartition, inferPartitions } from './hive-partitions.ts'
import { StagedFiles } from './staged-files.ts'
import { shapesOf, VirtualFileCheck } from './virtual-file-check.ts'

const csvForm = z.object({
  delimiter: z.string(),
  blankLines: z.number(),
  firstRecord: z.array(z.string()),
  header: z.boolean(),
})

/** What is stored: enough to read the files as they were inferred to be when they were linked. */
const definition = z.object({
  ...virtualTable.shape,
  path: z.string(),
  types: z.array(icebergType),
  /** SQL, cut where the list of files stands. */
  template: z.array(z.string()),
  /** Packed text is read by it, too. Those that were linked by earlier versions lack it. */
  unpacks: z.boolean().default(false),
  csv: csvForm.optional(),
  /** Of Parquet and Arrow: what each column is, for comparing. */
  shapes: z.array(z.string()).optional(),
})
export type VirtualDefinition = z.infer<typeof definition>

/** A virtual table at the moment of one statement. */
export interface OpenVirtualTable {
  readonly sql: string
  readonly files: number
  readonly bytes: number
}

export interface OpenOptions {
  /** What tables begin with that rows are brought to which DuckDB does not read by itself. */
  readonly stageName: string
  /** The statement does not run: no rows are brought. */
  readonly empty: boolean
  readonly signal: AbortSignal
}

export interface VirtualTablesOptions {
  /** May read the roots. */
  readonly database: DuckDatabase
  readonly store: ObjectStore
  readonly roots: readonly FileRoot[]
  readonly limits: Limits
  readonly clock: Clock
}

/** Tables over files that stay where they lie. */
export class VirtualTables {
  readonly #options: VirtualTablesOptions
  readonly #definitions: DefinitionStore<VirtualDefinition>
  readonly #check: VirtualFileCheck

  constructor(options: VirtualTablesOptions) {
    this.#options = options
    const { store, limits } = options
    this.#check = new VirtualFileCheck(limits)
    const [prefix, what] = ['query/virtual-tables', 'virtual table']
    this.#definitions = new DefinitionStore({ store, prefix, schema: definition, what })
  }

  /** Looks at the files, tells their columns, and keeps that. Nothing is loaded. */
  async link(body: z.input<typeof linkTableRequest>, signal: AbortSignal): Promise<VirtualTable> {
    const { limits, clock, database } = this.#options
    const request = linkTableRequest.parse(body)
    const table = formatTableName(parseTableName(request.table))
    const files = await this.#list(request.path)
    const [first] = files
    if (first === undefined) throw new RangeError('a listing holds at least one file')
    await using session = await database.connect()
    const head = await this.#check.headOf(first, signal)
    const source = await inspectSource(session, {
      path: first.realPath,
      unpackedHead: head,
      fileName: first.path,
      format: request.format,
      types: request.types,
      // Other files than the first are read by the same SELECT.
      quotedEmptiesAnywhere: true,
      columnsMax: limits.columnsMax,
      textColumnsMax: limits.textColumnsMax,
      signal,
    })
    const partitions = request.hivePartitioning ? inferPartitions(files) : []
    const columns = [
      ...source.columns.map(({ name, type }) => ({
        name,
        type: toDuckDbType(type),
        partition: false,
      })),
      ...partitions.map((column) => ({ ...column, partition: true })),
    ]
    assertDistinct(columns.map(({ name }) => name))
    const found: VirtualDefinition = {
      table,
      path: request.path,
      format: source.format,
      columns,
      types: source.columns.map(({ type }) => type),
      template: [...sourceTemplate(source, first.realPath)],
      unpacks: true,
      ...csvOf(source, head),
      ...(await shapesOfFirst(session, source, first, signal)),
      createdAt: new Date(clock.nowMs()).toISOString(),
      files: files.length,
      bytes: bytesOf(files),
    }
    this.#check.accept(found, first)
    await this.#check.assert(session, found, files, signal)
    await this.#definitions.create(table, found, limits.virtualTablesMax)
    return toVirtualTable(found)
  }

  async unlink(name: TableName): Promise<void> {
    await this.#definitions.delete(formatTableName(name))
  }

  async list(principal: Principal): Promise<VirtualTable[]> {
    const mayKnowPaths = hasRole(principal, 'writer')
    return (await this.#definitions.list()).map((each) => {
      const { path, ...shown } = toVirtualTable(each)
      return mayKnowPaths ? { ...shown, path } : shown
    })
  }

  async find(name: TableName): Promise<VirtualDefinition | undefined> {
    return this.#definitions.find(formatTableName(name))
  }

  /** Lists the files anew; those that changed are checked against what the table was linked with. */
  async open(
    session: DuckSession,
    found: VirtualDefinition,
    { signal, ...staging }: OpenOptions,
  ): Promise<OpenVirtualTable> {
    const files = await this.#list(found.path)
    await this.#check.assert(session, found, files, signal)
    const { limits } = this.#options
    const staged = new StagedFiles(session, found.template, { ...staging, limits, signal })
    const read = (some: readonly ListedFile[]) =>
      found.format === 'arrow' ? staged.read(some) : readInPlace(found, some)
    const sql = await selectFrom(found, files, read)
    return { sql, files: files.length, bytes: bytesOf(files) }
  }

  async #list(path: string): Promise<readonly ListedFile[]> {
    const { roots, limits } = this.#options
    return listFiles(path, { roots, filesMax: limits.virtualFilesMax })
  }
}

/** The columns as a table of the catalog would have them. */
export function fieldsOf({ columns, types }: VirtualDefinition): StructField[] {
  return columns.map(({ name, type }, index) => ({
    id: index + 1,
    name,
    type: types[index] ?? partitionTypes[type] ?? 'string',
    required: false,
  }))
}

const partitionTypes: Readonly<Record<string, string>> = { BIGINT: 'long', DATE: 'date' }

function toVirtualTable(found: VirtualDefinition): VirtualTable {
  const { types: _types, template: _template, unpacks: _unpacks, ...more } = found
  const { csv: _csv, shapes: _shapes, ...shown } = more
  return shown
}

function readInPlace({ template }: VirtualDefinition, files: readonly ListedFile[]): string {
  return readByTemplate(
    template,
    files.map(({ realPath }) => realPath),
  )
}

async function selectFrom(
  found: VirtualDefinition,
  files: readonly ListedFile[],
  read: (some: readonly ListedFile[]) => Promise<string> | string,
): Promise<string> {
  const partitions = found.columns.filter(({ partition }) => partition)
  if (partitions.length === 0) return read(files)
  const names = partitions.map(({ name }) => name)
  const selects: string[] = []
  for (const { values, files: some } of groupByPartition(files, names)) {
    const constants = partitions.map(({ name, type }, index) => {
      const value = values[index] ?? null
      const literal = value === null ? 'NULL' : quoteText(value)
      return `CAST(${literal} AS ${type}) AS ${quoteIdentifier(name)}`
    })
    selects.push(`SELECT *, ${constants.join(', ')} FROM (${await read(some)})`)
  }
  return selects.join(' UNION ALL ')
}

function csvOf({ format, options }: Source, head: FileHead): Pick<VirtualDefinition, 'csv'> {
  if (format !== 'csv' && format !== 'tsv') return {}
  const { firstRecord, ...form } = csvFormOf(head, format)
  return { csv: { ...form, firstRecord: [...firstRecord], header: options.header === true } }
}

async function shapesOfFirst(
  session: DuckSession,
  { format, columns }: Source,
  file: ListedFile,
  signal: AbortSignal,
): Promise<Pick<VirtualDefinition, 'shapes'>> {
  if (format !== 'parquet' && format !== 'arrow') return {}
  const shapes = (await shapesOf(session, format, [file], signal)).get(file.realPath)
  return { shapes: columns.map(({ name }) => shapes?.get(name) ?? '') }
}

function assertDistinct(names: readonly string[]): void {
  const folded = names.map((name) => name.toLowerCase())
  const again = names.find((_, index) => folded.indexOf(folded[index] ?? '') !== index)
  if (again === undefined) return
  throw new HyperMeshError('invalid', `column ${again} stands in the files and in directories, too`)
}

function bytesOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
