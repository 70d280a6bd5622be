import {
  type ImportOptions,
  type ImportReport,
  importArrow,
  importCsv,
  importHif,
  importNdjson,
} from '@hypermesh/engine'
import { assertRoles } from '../hyperedge-rows.ts'
import type { Copy } from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { openImport } from './import-file.ts'
import { invalidQuery, tooLarge } from './query-error.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'
import type { Value } from './value-type.ts'

const columns = [
  { name: 'inserted', type: 'int64' },
  { name: 'duplicates', type: 'int64' },
] as const
const formats = ['csv', 'ndjson', 'hif', 'arrow'] as const
type Format = (typeof formats)[number]
const byExtension: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['csv', 'csv'],
  ['ndjson', 'ndjson'],
  ['jsonl', 'ndjson'],
  ['json', 'hif'],
  ['arrow', 'arrow'],
  ['arrows', 'arrow'],
])

/** A file of the server, by `[graph] import_root`, in one commit or none. */
export function runCopy({ table, source, options }: Copy, context: QueryContext): QueryResult {
  const constant = (expression: Copy['source']) =>
    compileExpression(expression, { sources: [] }).constant ?? null
  const path = constant(source)
  if (typeof path !== 'string') throw invalidQuery('COPY FROM takes the path of a file as a text')
  const given = new Map<string, Value>()
  for (const { name, value } of options) {
    if (!['format', 'resume_key', 'integer_nodes'].includes(name)) {
      throw invalidQuery('COPY takes the options format, resume_key and integer_nodes')
    }
    given.set(name, constant(value as Copy['source']))
  }
  const format = formatOf(path, given.get('format'))
  const settings = {
    // One commit, whatever the file has: its bytes and its hyperedges are bounded.
    batchRows: Number.MAX_SAFE_INTEGER,
    signal: context.signal,
    check: checkOf(table, context),
    integerNodes: given.get('integer_nodes') === true,
    ...resumeKeyOf(given.get('resume_key')),
  }
  const target = context.database.table(table)
  const load = async (): Promise<ImportReport> => {
    await using file = await openImport(path, context.importRoot, context.limits)
    const { bytes } = file
    if (format === 'csv') return await importCsv(target, bytes, settings)
    const { integerNodes: _, ...rest } = settings
    if (format === 'hif') return await importHif(target, bytes, rest)
    if (format === 'arrow') return await importArrow(target, bytes, rest)
    return await importNdjson(target, bytes, rest)
  }
  async function* batches(): AsyncGenerator<readonly Row[]> {
    const { inserted, duplicates } = await load()
    yield* inOneBatch([[inserted, duplicates]])
  }
  return { columns, batches: batches() }
}

/** Each hyperedge as INSERT has it: of the declared kinds of members, and so many in one commit. */
function checkOf(
  table: string,
  { database, limits: { graphBatchMax } }: QueryContext,
): NonNullable<ImportOptions['check']> {
  const { schema } = database.table(table)
  const declared = database.tables.declared(table)
  let count = 0
  return (row) => {
    count += 1
    if (count > graphBatchMax) {
      const hint =
        'the file has more hyperedges than one commit may; split it, or import it by REST'
      throw tooLarge('graph_batch_max', graphBatchMax, hint)
    }
    if (declared.members.length > 0) assertRoles(row, { declared, schema })
  }
}

function formatOf(path: string, given: Value | undefined): Format {
  const extension = /\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  const format =
    given === undefined ? byExtension.get(extension) : formats.find((one) => one === given)
  if (format !== undefined) return format
  throw invalidQuery(`say format = one of ${formats.join(', ')}`)
}

function resumeKeyOf(given: Value | undefined): { readonly resumeKey?: string } {
  if (given === undefined) return {}
  if (typeof given === 'string' && given !== '' && given.length <= 200) return { resumeKey: given }
  throw invalidQuery('resume_key is a text of at most 200 characters')
}
