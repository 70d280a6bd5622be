import { open } from 'node:fs/promises'
import { HyperMeshError, printable, quoteIdentifier } from '@hypermesh/contract'
import { readBuffers } from './arrow-source/arrow-buffers.ts'
import { type ArrowBytes, ArrowFileBytes, ArrowStreamBytes } from './arrow-source/arrow-bytes.ts'
import { type ArrowBatch, ArrowMessages } from './arrow-source/arrow-messages.ts'
import type { ArrowField } from './arrow-source/arrow-schema.ts'
import { toDuckDbTypeOf } from './arrow-source/arrow-types.ts'
import { type ArrowVector, VectorReader } from './arrow-source/arrow-vector.ts'
import { growDictionary } from './arrow-source/grown-dictionary.ts'
import { TextRoom } from './arrow-source/text-room.ts'
import { writeVector } from './arrow-source/vector-writer.ts'
import { formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toIcebergType } from './iceberg-types.ts'
import type { AppendedRows, DuckSession } from './session.ts'
import {
  assertDistinctNames,
  assertOverridesKnown,
  type OpenedFile,
  type Source,
  type SourceColumn,
} from './source-columns.ts'
import type { FileHead } from './source-format.ts'
import { selectTyped } from './source-select.ts'

const stagedTable = 'arrow_rows'
/** DuckDB's vectors hold no more. */
const chunkRows = 2048

/**
 * An Arrow IPC file or stream. DuckDB has no reader for it here, so the rows are staged in a table
 * of the session, batch by batch, when they are needed; DuckDB spills that table where it is large.
 */
export async function openArrow(
  session: DuckSession,
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  const fields = await readFields(file.path)
  if (fields.length === 0) throw new HyperMeshError('invalid', 'the Arrow file has no columns')
  assertNames(fields)
  assertOverridesKnown(
    file.overrides,
    fields.map(({ name }) => name),
  )
  const columns = fields.map((field) => toColumn(field, file.overrides.get(field.name)))
  return {
    format: 'arrow',
    bytes: head.fileBytes,
    columns,
    inferredFrom: 'file',
    options: {},
    // Anew each time: another file of the session may have taken the table since.
    stage: () => stageArrowFiles(session, [file.path], { ...file, table: stagedTable }),
    stagedIn: stagedTable,
    select: (targets) => selectTyped(stagedTable, columns, targets),
  }
}

function toColumn(field: ArrowField, override: string | undefined): SourceColumn {
  const type = override === undefined ? toDuckDbTypeOf(field) : parseDuckDbType(override)
  return {
    name: field.name,
    sourceType: formatDuckDbType(type),
    type: toIcebergType(type),
    from: override === undefined ? 'file' : 'override',
    allNull: field.type.kind === 'null' && override === undefined,
  }
}

function assertNames(fields: readonly ArrowField[], within?: string): void {
  try {
    assertDistinctNames(fields.map(({ name }) => name))
  } catch (cause) {
    if (within === undefined || !(cause instanceof HyperMeshError)) throw cause
    throw new HyperMeshError('invalid', `in "${printable(within)}": ${cause.message}`, { cause })
  }
  for (const { name, type, children } of fields) {
    if (type.kind === 'struct' || children.some((child) => child.type.kind === 'struct')) {
      for (const group of type.kind === 'struct' ? [children] : children.map((c) => c.children)) {
        assertNames(group, name)
      }
    }
  }
}

/** The columns of an Arrow file or stream, as a table of its rows has them. */
export async function readArrowColumns(path: string): Promise<readonly StagedColumn[]> {
  return toStagedColumns(await readFields(path))
}

function readFields(path: string): Promise<readonly ArrowField[]> {
  return withFile(path, async (bytes) => (await ArrowMessages.open(bytes)).schema())
}

function toStagedColumns(fields: readonly ArrowField[]): readonly StagedColumn[] {
  return fields.map((field) => {
    return { name: field.name, type: formatDuckDbType(toDuckDbTypeOf(field)) }
  })
}

export interface StageOptions extends ReadOptions {
  /**
   * What the temporary table is called. Temporary tables are found before all others, so where the names
   * of a user are looked up too it must be one that no table of theirs can have.
   */
  readonly table: string
}

/** Makes a temporary table of the rows of Arrow files or streams, which must have the same columns. */
export async function stageArrowFiles(
  session: DuckSession,
  paths: readonly string[],
  { table, empty = false, ...options }: StageOptions & { readonly empty?: boolean },
): Promise<void> {
  const { signal } = options
  let columns: string | undefined
  for (const path of paths) {
    await withFile(path, async (bytes) => {
      const messages = await ArrowMessages.open(bytes)
      const fields = await messages.schema()
      const found = JSON.stringify(toStagedColumns(fields))
      if (columns === undefined) await createStage(session, table, { fields, signal })
      else if (found !== columns) {
        throw new HyperMeshError('conflict', 'an Arrow file has other columns than those before it')
      }
      columns = found
      if (empty) return
      await session.append(table, readRows({ bytes, messages, fields }, options), { signal })
    })
  }
}

/**
 * Makes a temporary table of what an Arrow stream holds, batch by batch while it comes, and returns
 * its columns.
 */
export async function stageArrowStream(
  session: DuckSession,
  pieces: AsyncIterable<Uint8Array>,
  { table, ...options }: StageOptions,
): Promise<{ readonly columns: readonly StagedColumn[]; readonly rows: number }> {
  const { signal } = options
  const bytes = new ArrowStreamBytes(pieces)
  const messages = await ArrowMessages.open(bytes)
  const fields = await messages.schema()
  assertNames(fields)
  await createStage(session, table, { fields, signal })
  let rows = 0
  const counted = async function* () {
    for await (const chunk of readRows({ bytes, messages, fields }, options)) {
      rows += chunk.count
      yield chunk
    }
  }
  await session.append(table, counted(), { signal })
  return { columns: toStagedColumns(fields), rows }
}

export interface StagedColumn {
  readonly name: string
  /** DuckDB's name. */
  readonly type: string
}

async function createStage(
  session: DuckSession,
  table: string,
  { fields, signal }: { fields: readonly ArrowField[]; signal: AbortSignal | undefined },
): Promise<void> {
  const name = quoteIdentifier(table)
  const columns = toStagedColumns(fields).map(
    ({ name, type }) => `${quoteIdentifier(name)} ${type}`,
  )
  await session.run(`CREATE OR REPLACE TEMP TABLE ${name} (${columns.join(', ')})`, { signal })
}

type ReadOptions = Pick<OpenedFile, 'arrowBatchBytesMax' | 'unpackedBytesMax' | 'signal'>

/** The rows of all batches, in chunks that DuckDB's vectors can take. */
async function* readRows(
  source: {
    readonly bytes: ArrowBytes
    /** Behind its schema. */
    readonly messages: ArrowMessages
    readonly fields: readonly ArrowField[]
  },
  { arrowBatchBytesMax: bytesMax, unpackedBytesMax, signal }: ReadOptions,
): AsyncGenerator<AppendedRows> {
  const { bytes, messages, fields } = source
  const { size } = bytes
  const unpackedMax = Number.isFinite(size) ? Math.max(size, unpackedBytesMax) : unpackedBytesMax
  let unpacked = 0
  const dictionaries = new DictionaryStore(fields, bytesMax)
  const room = new TextRoom({ chunkBytesMax: bytesMax, bytesMax: unpackedMax })
  for (let batch = await messages.next(); batch !== undefined; batch = await messages.next()) {
    const buffers = await readBuffers(bytes, batch, { bytesMax, signal })
    if (batch.dictionary !== undefined) {
      dictionaries.put(batch, buffers)
      continue
    }
    // A null takes no byte of the file, so a value counts as a bit at least; and a footer may name one
    // batch many times.
    unpacked += Math.max(sizeOf(buffers), (batch.rows * fields.length) / 8)
    if (unpacked > unpackedMax) throw tooMuch(unpackedMax)
    const columns = new VectorReader(batch, buffers, dictionaries.byId).columns(fields)
    yield* chunksOf(columns, batch.rows, room)
  }
}

const sizeOf = (buffers: readonly Uint8Array[]) =>
  buffers.reduce((sum, { length }) => sum + length, 0)

function tooMuch(unpackedBytesMax: number): HyperMeshError {
  return new HyperMeshError(
    'too_large',
    `the rows of the Arrow file take more than ${unpackedBytesMax} bytes`,
    { details: { limit: 'unpacked_bytes_max', unpackedBytesMax } },
  )
}

function* chunksOf(
  columns: readonly ArrowVector[],
  rows: number,
  room: TextRoom,
): Generator<AppendedRows> {
  for (let start = 0; start < rows; start += chunkRows) {
    room.nextChunk()
    const count = Math.min(chunkRows, rows - start)
    yield {
      count,
      fill: (target, index) => {
        const column = columns[index]
        if (column !== undefined) writeVector({ target, room }, column, { start, count })
      },
    }
  }
}

/** The dictionaries seen so far; a later one of the same id takes the place of the earlier. */
class DictionaryStore {
  readonly byId = new Map<number, ArrowVector>()
  readonly #fields: readonly ArrowField[]
  readonly #bytesMax: number
  readonly #bytes = new Map<number, number>()

  constructor(fields: readonly ArrowField[], bytesMax: number) {
    this.#fields = fields
    this.#bytesMax = bytesMax
  }

  put(batch: ArrowBatch, buffers: readonly Uint8Array[]): void {
    const { id, isDelta } = batch.dictionary ?? { id: -1, isDelta: false }
    const field = findByDictionary(this.#fields, id)
    if (field === undefined) return
    const added = sizeOf(buffers)
    this.#bytes.set(id, (isDelta ? (this.#bytes.get(id) ?? 0) : 0) + added)
    const total = [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0)
    if (total > this.#bytesMax) {
      throw new HyperMeshError(
        'too_large',
        `the dictionaries have more than ${this.#bytesMax} bytes`,
      )
    }
    const values = new VectorReader(batch, buffers, this.byId).values(field)
    const known = isDelta ? this.byId.get(id) : undefined
    this.byId.set(id, known === undefined ? values : growDictionary(known, values))
  }
}

function findByDictionary(fields: readonly ArrowField[], id: number): ArrowField | undefined {
  for (const field of fields) {
    if (field.dictionary?.id === id) return field
    const inside = findByDictionary(field.children, id)
    if (inside !== undefined) return inside
  }
  return undefined
}

async function withFile<T>(path: string, work: (bytes: ArrowBytes) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await work(await ArrowFileBytes.of(handle))
  } finally {
    await handle.close()
  }
}
