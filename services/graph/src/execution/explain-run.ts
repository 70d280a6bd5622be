import type { TableReader } from '@hypermesh/engine'
import type { Explain, Expression, Pattern, RunnableStatement } from '../language/syntax-tree.ts'
import { findOptionsOf, type MatchScan, scanOf } from './match-scan.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'
import type { Value } from './value-type.ts'

/** Counts and times are measured by running it; what is unknown is null. */
const columns = [
  { name: 'strategy', type: 'string' },
  { name: 'buckets_scanned', type: 'int64' },
  { name: 'total_buckets', type: 'int64' },
  { name: 'rows_examined', type: 'int64' },
  { name: 'rows', type: 'int64' },
  { name: 'elapsed_us', type: 'int64' },
  { name: 'steps', type: 'list<string>' },
] as const

type Run = (statement: RunnableStatement, context: QueryContext) => QueryResult

/** What a write would read is run; the write itself is not. */
export function runExplain({ statement }: Explain, context: QueryContext, run: Run): QueryResult {
  const read = readOf(statement)
  const target = patternOf(statement)
  const scan = target === undefined ? undefined : scanOfTarget(target, context)
  const plan = read === undefined ? undefined : run(read, { ...context, page: null })
  async function* batches(): AsyncGenerator<readonly Row[]> {
    const start = process.hrtime.bigint()
    let rows = 0
    if (plan !== undefined) for await (const batch of plan.batches) rows += batch.length
    const elapsedMicros = Number((process.hrtime.bigint() - start) / 1000n)
    const { strategy, steps } = await strategyOf(statement, scan, context)
    const buckets = scan === undefined ? noBuckets : await bucketsOf(scan, context)
    const { examined } = context.figures
    const isRun = plan !== undefined
    yield* inOneBatch([
      [
        strategy,
        ...buckets,
        isRun ? examined : null,
        isRun ? rows : null,
        isRun ? elapsedMicros : null,
        steps,
      ],
    ])
  }
  return { columns, batches: batches() }
}

const noBuckets = [null, null] as const

/** The reading part; undefined where there is none. */
function readOf(statement: RunnableStatement): RunnableStatement | undefined {
  if (['match', 'path', 'call', 'showIndexes'].includes(statement.kind)) return statement
  if (statement.kind !== 'update' && statement.kind !== 'delete') return undefined
  const { pattern, where } = statement
  const id: Expression = { kind: 'column', variable: pattern.variable, name: 'id' }
  const items = [{ expression: id, alias: null }]
  const returning = { isDistinct: false, items, orderBy: [], skip: null, limit: null }
  return { kind: 'match', patterns: [pattern], asOf: null, where, unwind: null, returning }
}

interface Target {
  readonly pattern: Pattern
  readonly where: Expression | null
  readonly asOf: Expression | null
}

function patternOf(statement: RunnableStatement): Target | undefined {
  if (statement.kind === 'update' || statement.kind === 'delete') {
    return { pattern: statement.pattern, where: statement.where, asOf: null }
  }
  if (statement.kind !== 'match' || statement.patterns.length !== 1) return undefined
  const { patterns, where, asOf } = statement
  const [pattern] = patterns
  return pattern === undefined ? undefined : { pattern, where, asOf }
}

function scanOfTarget({ pattern, where, asOf }: Target, { database }: QueryContext): MatchScan {
  return scanOf(pattern, { where, asOf }, database.table(pattern.table))
}

const namesOfOthers: Partial<Record<RunnableStatement['kind'], string>> = {
  path: 'TEMPORAL_EXPANSION',
  call: 'PROCEDURE',
  insert: 'APPEND',
  copy: 'APPEND',
}

/** The way into the table that the engine takes for most of the rows. */
async function strategyOf(
  statement: RunnableStatement,
  scan: MatchScan | undefined,
  context: QueryContext,
): Promise<{ readonly strategy: string; readonly steps: readonly string[] }> {
  if (statement.kind === 'match' && statement.patterns.length > 1) {
    const isShared = /"name":"shared"/.test(JSON.stringify(statement.where, jsonable))
    return { strategy: isShared ? 'MEMBER_JOIN' : 'NESTED_LOOP', steps: [] }
  }
  if (scan === undefined) return { strategy: namesOfOthers[statement.kind] ?? 'CATALOG', steps: [] }
  if (scan.pushed.isEmpty) return { strategy: 'NOTHING', steps: ['no row can match'] }
  const batch = await scan.reader.explain(findOptionsOf(scan, context))
  const found = batch.rows()
  const steps = found.map(({ step, detail }) => `${step}: ${detail}`)
  if (scan.filter !== undefined) steps.push('residue: checked row by row after the engine')
  const access = found.filter(({ step }) => nameOf(step, scan) !== undefined)
  const [most] = access.sort((one, other) => other.estimatedRows - one.estimatedRows)
  return { strategy: (most && nameOf(most.step, scan)) ?? 'NOTHING', steps }
}

function jsonable(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function nameOf(step: string, { pushed }: MatchScan): string | undefined {
  if (step.startsWith('index ')) return 'PSI_SEEK'
  if (step === 'members' || step === 'nodes') return 'FMI_LOOKUP'
  if (step === 'ids') return 'ID_LOOKUP'
  if (step === 'keys') return 'KEY_LOOKUP'
  if (step === 'skip' || step === 'nothing') return 'NOTHING'
  if (step !== 'time window') return undefined
  const { from, to } = pushed.selection
  return from === undefined && to === undefined ? 'FULL_SCAN' : 'TPI_BUCKET_PUSHDOWN'
}

/** How many spans of BUCKET_SECONDS with hyperedges the range of time touches, of all: counted. */
async function bucketsOf(
  { reader, pushed, source, asOf }: MatchScan,
  { database, signal }: QueryContext,
): Promise<readonly [Value, Value]> {
  const { bucketSeconds } = database.tables.declared(source.pattern.table)
  if (bucketSeconds === null) return noBuckets
  const { from, to } = pushed.selection
  const count = async (span: Parameters<TableReader['aggregate']>[0] | object) => {
    const batch = await reader.aggregate({
      ...span,
      ...{
        groupBy: [{ bucketMs: bucketSeconds * 1000 }],
        measures: { n: 'count' as const },
        signal,
      },
      ...(asOf === undefined ? {} : { asOf }),
    })
    return batch.truncated === null ? batch.rowCount : null
  }
  const total = await count({})
  if (pushed.isEmpty) return [0, total]
  const isBounded = from !== undefined || to !== undefined
  const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  return [isBounded ? await count(span) : total, total]
}
