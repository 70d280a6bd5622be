import { HyperMeshError, printable, quoteIdentifier } from '@hypermesh/contract'
import { detectCsvDialect } from './csv-dialect.ts'
import { quotePath, type Source } from './source-columns.ts'
import { decodeHead, type FileHead } from './source-format.ts'

/**
 * The SELECT that reads all columns of a source, cut where its file stands or the table of its rows,
 * so that files of the same form can be read by it: the types and the dialect are those of the source.
 */
export function sourceTemplate(source: Source, path: string): readonly string[] {
  const targets = source.columns.map(({ name, type }, index) => ({
    name,
    id: index + 1,
    type,
    sourceName: name,
  }))
  const sql = source.select(targets)
  const { stagedIn } = source
  if (stagedIn !== undefined && sql.endsWith(stagedIn)) return [sql.slice(0, -stagedIn.length), '']
  const parts = sql.split(quotePath(path))
  if (parts.length > 1) return parts
  throw new HyperMeshError('unsupported', 'files of this kind can be loaded, not read in place')
}

export function readByTemplate(template: readonly string[], paths: readonly string[]): string {
  return template.join(`[${paths.map((path) => quotePath(path)).join(', ')}]`)
}

/** For files whose rows are in a table, see `stageArrowFiles`. */
export function readStagedByTemplate(template: readonly string[], table: string): string {
  return template.join(quoteIdentifier(table))
}

/** What must be alike in delimited files that one template reads. */
export interface CsvForm {
  readonly delimiter: string
  readonly blankLines: number
  readonly firstRecord: readonly string[]
}

export function csvFormOf(head: FileHead, format: 'csv' | 'tsv'): CsvForm {
  const complete = head.bytes.length === head.fileBytes
  const dialect = detectCsvDialect(decodeHead(head), { format, complete })
  const { delimiter, blankLines, firstRecord } = dialect
  return { delimiter, blankLines, firstRecord }
}

/** Throws `conflict`, naming the file, unless it has the form of those that the template is for. */
export function assertSameForm(
  file: string,
  form: CsvForm,
  expected: CsvForm & { readonly header: boolean },
): void {
  const sameColumns = expected.header
    ? form.firstRecord.join('\n') === expected.firstRecord.join('\n')
    : form.firstRecord.length === expected.firstRecord.length
  if (
    sameColumns &&
    form.delimiter === expected.delimiter &&
    form.blankLines === expected.blankLines
  )
    return
  throw new HyperMeshError(
    'conflict',
    `${printable(file)} has other columns than the virtual table was linked with; link it again`,
    { details: { file, columns: form.firstRecord, expected: expected.firstRecord } },
  )
}
