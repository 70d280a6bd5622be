import { relative } from 'node:path'
import { HyperMeshError, printable } from '@hypermesh/contract'
import { assertSameForm, type DuckSession, readCsvForm } from '@hypermesh/duckdb'
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

  async assert(
    session: DuckSession,
    found: VirtualDefinition,
    files: readonly ListedFile[],
    signal: AbortSignal,
  ): Promise<void> {
    const keyOf = ({ realPath }: ListedFile) => `${found.createdAt} ${found.table} ${realPath}`
    const changed = files.filter((file) => this.#fitting.get(keyOf(file)) !== file.version)
    if (found.format === 'parquet') await assertShapes(session, found, changed, signal)
    else if (found.csv !== undefined) {
      const format = found.format === 'tsv' ? 'tsv' : 'csv'
      for (const file of changed) {
        signal.throwIfAborted()
        if (file.bytes === 0) continue
        assertSameForm(nameOf(found, file), await readCsvForm(file.realPath, format), found.csv)
      }
    }
    // JSON has its names beside its values, and its readers fail where a type does not fit.
    for (const file of changed) this.#fitting.set(keyOf(file), file.version)
  }
}

async function assertShapes(
  session: DuckSession,
  found: VirtualDefinition,
  files: readonly ListedFile[],
  signal: AbortSignal,
): Promise<void> {
  const shapes = await shapesOf(session, files, signal)
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

/** What each column of each Parquet file is, as a text: equal ones are read alike. */
export async function shapesOf(
  session: DuckSession,
  files: readonly ListedFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
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
