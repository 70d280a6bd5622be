import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IcebergType } from '@hypermesh/contract'
import {
  type CopiedFile,
  copyToParquet,
  DuckDatabase,
  type DuckSession,
  inferSource,
  type Source,
  type SourceColumn,
  type SourceOptions,
  type TargetColumn,
} from '@hypermesh/duckdb'

/** A database over one temporary directory, as ingest opens it. */
export class LoadBench implements AsyncDisposable {
  readonly directory: string
  readonly session: DuckSession
  readonly #database: DuckDatabase
  #count = 0

  private constructor(directory: string, database: DuckDatabase, session: DuckSession) {
    this.directory = directory
    this.#database = database
    this.session = session
  }

  static async open(): Promise<LoadBench> {
    const directory = await mkdtemp(join(tmpdir(), 'hypermesh-load-'))
    const database = await DuckDatabase.open({
      threads: 2,
      memoryBytes: 512 * 1024 * 1024,
      temporaryDirectory: join(directory, 'spill'),
      allowedDirectories: [directory],
      damagedFile: 'invalid',
    })
    return new LoadBench(directory, database, await database.connect())
  }

  async file(name: string, content: string | Uint8Array): Promise<string> {
    this.#count += 1
    const path = join(this.directory, `${this.#count}-${name}`)
    await writeFile(path, content)
    return path
  }

  async infer(
    name: string,
    content: string | Uint8Array,
    options: Omit<SourceOptions, 'path'> = {},
  ): Promise<Source> {
    const path = await this.file(name, content)
    return inferSource(this.session, { fileName: name, ...options, path })
  }

  async copy(source: Source, columns = numbered(source.columns)): Promise<CopiedFile[]> {
    const directory = await mkdtemp(join(this.directory, 'out-'))
    return copyToParquet(this.session, { source, columns, directory })
  }

  /** Infers, writes, and reads back what was written. */
  async load(
    name: string,
    content: string | Uint8Array,
    options: Omit<SourceOptions, 'path'> = {},
  ): Promise<Record<string, unknown>[]> {
    const files = await this.copy(await this.infer(name, content, options))
    if (files.length === 0) return []
    return this.session.rows(`SELECT * FROM read_parquet('${files[0]?.path}')`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** Columns as a new table would get them: ids in order. */
export function numbered(columns: readonly SourceColumn[]): TargetColumn[] {
  let id = 0
  const withIds = (type: IcebergType): IcebergType => {
    if (typeof type === 'string') return type
    if (type.type === 'struct') {
      const fields = type.fields.map((field) => ({ ...field, id: ++id }))
      return { ...type, fields: fields.map((f) => ({ ...f, type: withIds(f.type) })) }
    }
    if (type.type === 'list') {
      return { ...type, 'element-id': ++id, element: withIds(type.element) }
    }
    return {
      ...type,
      'key-id': ++id,
      'value-id': ++id,
      key: withIds(type.key),
      value: withIds(type.value),
    }
  }
  return columns.map((column) => ({
    name: column.name,
    sourceName: column.name,
    id: ++id,
    type: withIds(column.type),
  }))
}

export function typesOf(source: Source): Record<string, unknown> {
  return Object.fromEntries(source.columns.map((column) => [column.name, column.type]))
}
