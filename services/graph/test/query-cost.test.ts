import { limits } from '@hypermesh/contract'
import type { ColumnBatch, Hyperedge } from '@hypermesh/engine'
import { expect, test } from 'vitest'
import { bindParameters } from '../src/execution/bind-parameters.ts'
import { compileExpression } from '../src/execution/compile-expression.ts'
import { type MatchScan, matchesInTurns } from '../src/execution/match-scan.ts'
import { type Pipeline, runPipeline } from '../src/execution/pipeline.ts'
import { type QueryContext, QueryFigures } from '../src/execution/query-result.ts'
import type { Compiled } from '../src/execution/scope.ts'
import { stepsOf, Turns } from '../src/execution/turns.ts'
import { formatStatement } from '../src/language/format-statement.ts'
import { parseStatement } from '../src/language/parse-statement.ts'
import type { Expression } from '../src/language/syntax-tree.ts'

const bounds = limits.parse({})

function conditionOf(text: string): Expression {
  const statement = parseStatement(`MATCH HYPEREDGE (he:E) WHERE ${text} RETURN *`, bounds)
  if (statement.kind !== 'match' || statement.where === null) throw new Error('no condition')
  return statement.where
}

test('nested BETWEENs hold, print, bind and work out their value once', () => {
  const nested = 'BETWEEN FALSE AND TRUE) '
  const depth = 12
  const text = `MATCH HYPEREDGE (he:E) WHERE ${'('.repeat(depth)}n ${nested.repeat(depth)} RETURN *`
  const bound = bindParameters(parseStatement(text, bounds), {}, bounds)
  expect(formatStatement(bound).split('BETWEEN')).toHaveLength(depth + 1)
  let worked = 0
  const evaluate = () => {
    worked += 1
    return true
  }
  const replaced = new Map([['n', { type: 'bool' as const, evaluate }]])
  const where = bound.kind === 'match' ? bound.where : null
  const compiled = compileExpression(where as Expression, { sources: [], replaced })
  expect(compiled.evaluate(0)).toBe(true)
  expect(worked).toBe(1)
})

test('a parameter is made once, and its elements count for each use', () => {
  const few = limits.parse({ graphTermsMax: 12 })
  const uses = (count: number) => conditionOf(Array(count).fill('he.a IN $p').join(' OR '))
  const parameters = { p: [1, [2], { x: 3 }] }
  const bound = bindParameters(uses(2), parameters, few)
  const [first, second] = bound.kind === 'or' ? bound.operands : []
  expect(first).toMatchObject({ kind: 'in', list: { kind: 'list' } })
  expect(Reflect.get(second ?? {}, 'list')).toBe(Reflect.get(first ?? {}, 'list'))
  expect(() => bindParameters(uses(3), parameters, few)).toThrow(
    expect.objectContaining({
      code: 'too_large',
      details: { limit: 'graph_terms_max', most: 12 },
    }),
  )
})

test('IN works its constants out once, not for each row', () => {
  let worked = 0
  const evaluate = () => {
    worked += 1
    return 2
  }
  const one = { type: 'int64' as const, evaluate, constant: 2 }
  const replaced = new Map<string, Compiled>([
    ['n', { type: 'int64' as const, evaluate: (row: number) => row }],
    ['two', one],
  ])
  const compiled = compileExpression(conditionOf('n IN [1, two]'), { sources: [], replaced })
  expect([0, 1, 2, 3].map((row) => compiled.evaluate(row))).toEqual([false, true, true, false])
  expect(worked).toBe(0)
})

/** `n` of many rows in one chunk, counting those that are worked out. */
function longPipeline() {
  const work = { rows: 0 }
  const evaluate = (row: number) => {
    work.rows += 1
    return (row * 7919) % rowCount
  }
  const n = { type: 'int64' as const, evaluate }
  async function* chunks() {
    yield Array(rowCount).keys()
  }
  const pipeline = { scope: { sources: [], replaced: new Map([['n', n]]) }, all: () => [], chunks }
  return { pipeline, work }
}

const rowCount = 20_000

function runLong(text: string, pipeline: Pipeline, signal: AbortSignal) {
  const statement = parseStatement(`MATCH HYPEREDGE (he:E) ${text}`, bounds)
  if (statement.kind !== 'match') throw new Error('no match')
  const figures = new QueryFigures()
  // What needs a database is not reached.
  const context = { limits: bounds, signal, page: null, figures } as unknown as QueryContext
  return runPipeline(statement.returning, pipeline, context).batches
}

test.each(['RETURN n', 'RETURN n ORDER BY n', 'RETURN n, count(*)'])(
  'a cancellation is heard of within a chunk: %s',
  async (text) => {
    const { pipeline, work } = longPipeline()
    const controller = new AbortController()
    const batches = runLong(text, pipeline, controller.signal)
    setImmediate(() => controller.abort())
    const readAll = async () => {
      for await (const _ of batches);
    }
    await expect(readAll()).rejects.toThrow('aborted')
    expect(work.rows).toBeLessThan(rowCount)
  },
)

test.each(['', ' LIMIT 9000'])('sorted rows come in batches, in their order%s', async (limit) => {
  const { pipeline } = longPipeline()
  const { signal } = new AbortController()
  const got: (readonly (readonly unknown[])[])[] = []
  for await (const rows of runLong(`RETURN n ORDER BY n DESC${limit}`, pipeline, signal))
    got.push(rows)
  const most = limit === '' ? rowCount : 9000
  expect(got.length).toBe(Math.ceil(most / 4096))
  expect(got.flat(2)).toEqual(Array.from({ length: most }, (_, at) => rowCount - 1 - at))
})

test('a long condition of a page or a write is worked out in turns', async () => {
  const long = conditionOf(`n = 0 OR ${Array(400).fill('n < 0').join(' OR ')}`)
  let worked = 0
  const evaluate = () => {
    worked += 1
    return true
  }
  const controller = new AbortController()
  // What needs a table is not reached.
  const scan = {
    source: { slots: [] },
    filter: { type: 'bool', evaluate },
    filterSteps: stepsOf(long),
  } as unknown as MatchScan
  const batch = { rowCount: 16_384 } as ColumnBatch<Hyperedge>
  setImmediate(() => controller.abort())
  const matches = matchesInTurns(scan, batch, new Turns(controller.signal))
  await expect(matches).rejects.toThrow('aborted')
  // Its steps, not its rows, make a turn.
  expect(worked).toBeLessThan(20)
})
