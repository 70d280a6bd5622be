import { relative } from 'node:path'
import { type FileFormat, HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import {
  assertSameForm,
  type CsvForm,
  compressionInPlace,
  csvFormOf,
  type DuckSession,
  type HeadInPlace,
  readArrowColumns,
  readHeadInPlace,
} from '@hypermesh/duckdb'
import type { FileField } from '@hypermesh/iceberg'
import type { ListedFile } from './file-listing.ts'
import { parseFooter, readFooters } from './file-schemas.ts'
import { RecentMap } from './recent-map.ts'
import type { VirtualDefinition } from './virtual-tables.ts'

/** Files remembered as fitting, over all virtual tables. */
const fittingMax = 100_000

/**
 * Refuses files of another form than those that a virtual table was linked with: read by position or
 * by a type that is not theirs, they would give wrong rows. A file is looked at again once it changes.
 */
export class VirtualFileCheck {
  readonly #fitting = new RecentMap<string>(fittingMax)
  /** Files of text that somebody reads now, by the same keys. */
  readonly #reading = new Map<string, Promise<void>>()
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  async assert(
    session: DuckSession,
    found: VirtualDefinition,
    files: readonly ListedFile[],
    signal: AbortSignal,
  ): Promise<void> {
    const changed = files.filter((file) => !this.#isKnown(found, file))
    if (found.shapes === undefined) {
      for (const file of changed) await this.#assertText(found, file, signal)
      return
    }
    assertShapes(found, changed, await shapesOf(session, found.format, changed, signal))
    for (const file of changed) this.accept(found, file)
  }

  #isKnown(found: VirtualDefinition, file: ListedFile): boolean {
    return this.#fitting.get(keyOf(found, file)) === file.version
  }

  /** Notes the file that the table was linked by: it was read for that, and is what others must be like. */
  accept(found: VirtualDefinition, file: ListedFile): void {
    this.#fitting.set(keyOf(found, file), file.version)
  }

  /** The beginning of a file of text, unpacked; a packed file is read to its end and its limit. */
  async headOf(file: ListedFile, signal: AbortSignal): Promise<HeadInPlace> {
    const { unpackedBytesMax: bytesMax } = this.#limits
    return readHeadInPlace(file.realPath, { bytesMax, signal })
  }

  /** Of those who come to a file at once, one reads it: all of a packed file is read. */
  async #assertText(
    found: VirtualDefinition,
    file: ListedFile,
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(found, file)
    for (let other = this.#reading.get(key); other; other = this.#reading.get(key)) {
      // Whether it fits or not, or was given up by who asked for it.
      await untilAborted(
        other.catch(() => undefined),
        signal,
      )
    }
    signal.throwIfAborted()
    if (this.#isKnown(found, file)) return
    const reading = this.#readText(found, file, signal)
    this.#reading.set(key, reading)
    try {
      await reading
      this.#fitting.set(key, file.version)
    } finally {
      this.#reading.delete(key)
    }
  }

  async #readText(found: VirtualDefinition, file: ListedFile, signal: AbortSignal): Promise<void> {
    const name = nameOf(found, file)
    const form = await this.#formOf(found, file, signal).catch((error: unknown) => {
      throw error instanceof HyperMeshError ? inFile(error, name) : error
    })
    if (form !== undefined && found.csv !== undefined) assertSameForm(name, form, found.csv)
  }

  /** Undefined where nothing tells files apart: JSON has its names beside its values. */
  async #formOf(
    { csv, format, unpacks }: VirtualDefinition,
    file: ListedFile,
    signal: AbortSignal,
  ): Promise<CsvForm | undefined> {
    const isPacked = (await compressionInPlace(file.realPath)) !== 'none'
    if (csv === undefined && !isPacked) return undefined
    if (isPacked && !unpacks) {
      const message = 'it is packed, which the virtual table does not unpack; link it again'
      throw new HyperMeshError('conflict', message)
    }
    const head = await this.headOf(file, signal)
    if (csv === undefined || head.fileBytes === 0) return undefined
    return csvFormOf(head, format === 'tsv' ? 'tsv' : 'csv')
  }
}

function keyOf({ createdAt, table }: VirtualDefinition, { realPath }: ListedFile): string {
  return `${createdAt} ${table} ${realPath}`
}

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    signal.throwIfAborted()
    await Promise.race([work, aborted])
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort)
  }
}

function inFile(error: HyperMeshError, name: string): HyperMeshError {
  const { code, message, details = {} } = error
  const more = { details: { ...details, file: name }, cause: error }
  return new HyperMeshError(code, `${printable(name)}: ${message}`, more)
}

function assertShapes(
  found: VirtualDefinition,
  files: readonly ListedFile[],
  shapes: FileShapes,
): void {
  for (const file of files) {
    for (const [index, wanted] of (found.shapes ?? []).entries()) {
      const { name = '' } = found.columns[index] ?? {}
      const actual = shapes.get(file.realPath)?.get(name)
      if (actual === wanted) continue
      const what = actual === undefined ? 'lacks column' : 'has another type for column'
      throw new HyperMeshError(
        'conflict',
        `${printable(nameOf(found, file))} ${what} ${printable(name)} than when the virtual table was linked; link it again`,
        { details: { column: name } },
      )
    }
  }
}

/** By the file's path and the column's name. */
type FileShapes = ReadonlyMap<string, ReadonlyMap<string, string>>

/** What each column of each Parquet or Arrow file is, as a text: equal ones are read alike. */
export async function shapesOf(
  session: DuckSession,
  format: FileFormat,
  files: readonly ListedFile[],
  signal: AbortSignal,
): Promise<FileShapes> {
  if (format === 'arrow') return arrowShapesOf(files, signal)
  const footers = await readFooters(
    session,
    files.map(({ realPath }) => realPath),
    signal,
  )
  return new Map(
    [...footers].map(([path, key]) => [
      path,
      new Map(parseFooter(key).fields.map((field) => [field.name, shapeOf(field)])),
    ]),
  )
}

async function arrowShapesOf(
  files: readonly ListedFile[],
  signal: AbortSignal,
): Promise<FileShapes> {
  const shapes = new Map<string, ReadonlyMap<string, string>>()
  for (const { realPath } of files) {
    signal.throwIfAborted()
    const columns = await readArrowColumns(realPath)
    shapes.set(realPath, new Map(columns.map(({ name, type }) => [name, type])))
  }
  return shapes
}

function shapeOf(field: FileField): string {
  const members = field.children.map((child) =>
    field.kind === 'struct' ? `${child.name}:${shapeOf(child)}` : shapeOf(child),
  )
  return JSON.stringify([field.kind, field.type ?? null, ...members])
}

/** Without the directories that a reader of the table need not know. */
function nameOf({ path }: VirtualDefinition, file: ListedFile): string {
  const fixed = path.split(/[*?[]/)[0] ?? ''
  return relative(fixed.slice(0, fixed.lastIndexOf('/') + 1), file.path)
}
