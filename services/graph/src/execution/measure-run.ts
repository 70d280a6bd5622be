import type { AnalyticsThreads } from '../analytics/analytics-threads.ts'
import {
  type Measure,
  type MeasureColumn,
  type MeasureRequest,
  measures,
} from '../analytics/measures.ts'
import { toMicrosByMagnitude } from '../instants.ts'
import type { CallProcedure } from '../language/syntax-tree.ts'
import { argumentOf } from './argument.ts'
import { assertNoCursor } from './made-pages.ts'
import { pipelineOfRows, runPipeline } from './pipeline.ts'
import { invalidQuery } from './query-error.ts'
import type { QueryContext, QueryResult } from './query-result.ts'
import type { Value, ValueType } from './value-type.ts'

const types: Readonly<Record<MeasureColumn['type'], ValueType>> = {
  node: 'node',
  hyperedge: 'int64',
  integer: 'int64',
  double: 'float64',
  boolean: 'bool',
  text: 'string',
  timestamp: 'timestamp',
}

/**
 * `CALL pagerank('Table', {from: …, to: …, as_of: …, size_max: …, limit: …, damping: 0.85})`: what is not of
 * the window or the answer is an option of the measure, which checks it.
 */
export function measureProcedure(threads: AnalyticsThreads): QueryContext['measures'] {
  return ({ procedure }) => {
    const measure = measures.get(procedure)
    if (measure === undefined) return undefined
    return (call, context) => runMeasure(measure, { call, context, threads })
  }
}

function runMeasure(
  measure: Measure,
  {
    call,
    context,
    threads,
  }: {
    readonly call: CallProcedure
    readonly context: QueryContext
    readonly threads: AnalyticsThreads
  },
): QueryResult {
  assertNoCursor(context)
  const { database, limits, signal, figures } = context
  const [name, options, ...more] = call.arguments
  const table = argumentOf(name, 'the name of a table')
  const given = options === undefined ? {} : argumentOf(options, 'the options')
  if (typeof table !== 'string' || !isRecord(given) || more.length > 0) {
    throw invalidQuery(`write CALL ${measure.name}('Table', {option: value})`)
  }
  database.table(table)
  const request = requestOf(given)
  const columns = measure
    .columnsWith(request.options)
    .map((column) => ({ name: column.name, type: types[column.type] }))
  const rows = async () => {
    const target = { engine: database.engine, table, threads, limits }
    const { limit = limits.graphAnalyticsRowsMax } = request
    const result = await measure.run(target, { ...request, limit, signal })
    figures.isTruncated = result.rowCount > result.rows.length
    figures.seq = result.seq
    figures.examined += result.hyperedges
    return result.rows
  }
  return runPipeline(call.returning, pipelineOfRows(columns, rows), context)
}

type Options = Readonly<Record<string, Value>>

function isRecord(value: Value): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function requestOf(
  given: Options,
): Omit<MeasureRequest, 'signal' | 'onProgress'> & { readonly options: Options } {
  const { from, to, as_of, size_max, limit, ...options } = given
  return {
    selection: {
      ...(from === undefined ? {} : { from: toMicrosByMagnitude(from, 'from') }),
      ...(to === undefined ? {} : { to: toMicrosByMagnitude(to, 'to') }),
    },
    ...(as_of === undefined ? {} : { asOf: asOf(as_of) }),
    ...(size_max === undefined ? {} : { sizeMax: count(size_max, 'size_max') }),
    ...(limit === undefined ? {} : { limit: count(limit, 'limit') }),
    options,
  }
}

function asOf(value: Value): number | string {
  if (typeof value === 'number' || typeof value === 'string') return value
  throw invalidQuery('as_of is the number of a commit, or an instant as ISO 8601 text')
}

function count(value: Value, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw invalidQuery(`${name} is a whole number from 1`)
}
