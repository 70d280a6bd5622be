import {
  type GraphMeasures,
  graphMeasureQuery,
  graphMeasureRequest,
  HyperMeshError,
  printable,
  toErrorBody,
} from '@hypermesh/contract'
import {
  type App,
  nearestName,
  readJson,
  readQuery,
  toHyperMeshError,
  type Visit,
} from '@hypermesh/kit'
import { z } from 'zod'
import type { AnalyticsThreads } from '../analytics/analytics-threads.ts'
import { toResultText } from '../analytics/measure-text.ts'
import { type Measure, type MeasureRequest, measures } from '../analytics/measures.ts'
import type { GraphDatabases } from '../graph-databases.ts'
import { toGraphError } from '../graph-error.ts'
import { textToAsOf, textToInstant } from '../instants.ts'
import { fromJson, textToNode } from '../json-nodes.ts'
import { toSelection } from '../selection.ts'
import { jsonWhole } from './answers.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

type Asked = Omit<MeasureRequest, 'signal' | 'onProgress'>

export interface AnalyticsParts {
  readonly databases: GraphDatabases
  readonly threads: AnalyticsThreads
}

export function mountAnalytics(app: App, parts: AnalyticsParts): void {
  mountGraphRoute(app, 'listGraphMeasures', async (c) => {
    await tableOf(c, parts.databases)
    return c.json(listing())
  })
  mountGraphRoute(app, 'getGraphMeasure', async (c) => {
    const measure = measureOf(c)
    const { from, to, valid_at, as_of, time_unit, size_max, limit, ...options } = readQuery(
      c,
      graphMeasureQuery,
    )
    return take(c, parts, measure, {
      selection: {
        ...(from === undefined ? {} : { from: textToInstant(from, time_unit, 'from') }),
        ...(to === undefined ? {} : { to: textToInstant(to, time_unit, 'to') }),
        ...(valid_at === undefined
          ? {}
          : { validAt: textToInstant(valid_at, time_unit, 'valid_at') }),
      },
      ...(as_of === undefined ? {} : { asOf: textToAsOf(as_of) }),
      ...(size_max === undefined ? {} : { sizeMax: size_max }),
      ...(limit === undefined ? {} : { limit }),
      options: mapped(options, (value) => textToOption(String(value))),
    })
  })
  mountGraphRoute(app, 'takeGraphMeasure', async (c) => {
    const measure = measureOf(c)
    const request = await readJson(c, graphMeasureRequest)
    const { as_of, size_max, limit, options, time_unit: unit } = request
    const { table } = await tableOf(c, parts.databases)
    return take(c, parts, measure, {
      selection: toSelection(request, { unit, schema: table.schema, limits: c.var.limits }),
      ...(as_of === undefined ? {} : { asOf: as_of }),
      ...(size_max === undefined ? {} : { sizeMax: size_max }),
      ...(limit === undefined ? {} : { limit }),
      options: mapped(options, fromJson),
    })
  })
}

async function take(
  c: Visit,
  { databases, threads }: AnalyticsParts,
  measure: Measure,
  asked: Asked,
): Promise<Response> {
  const { database, table } = await tableOf(c, databases)
  const { limits, signal } = c.var
  const target = { engine: database.engine, table: table.name, threads, limits }
  if (!c.req.header('accept')?.includes('application/x-ndjson')) {
    return jsonWhole(toResultText(await measure.run(target, { ...asked, signal })))
  }
  return inLines(c, (onProgress, cancelled) =>
    measure.run(target, {
      ...asked,
      signal: AbortSignal.any([signal, cancelled]),
      onProgress,
    }),
  )
}

type Run = (
  onProgress: NonNullable<MeasureRequest['onProgress']>,
  cancelled: AbortSignal,
) => ReturnType<Measure['run']>

/** Lines of how far it is, then the result or the error. What fails at once fails as usual. */
async function inLines(c: Visit, run: Run): Promise<Response> {
  const cancelled = new AbortController()
  const lines: string[] = []
  let hasLine = () => {}
  const begun = new Promise<void>((resolve) => {
    hasLine = resolve
  })
  let isEnded = false
  const say = (text: string) => {
    lines.push(`${text}\n`)
    hasLine()
  }
  const result = run((progress) => {
    // Who reads slowly hears of the newest only.
    lines.length = 0
    say(JSON.stringify({ progress }))
  }, cancelled.signal)
  const end = (text: string) => {
    isEnded = true
    say(text)
  }
  result.then(
    (value) => end(`{"result":${toResultText(value)}}`),
    (thrown: unknown) => {
      const error = toHyperMeshError(toGraphError(thrown), c.var.signal)
      end(JSON.stringify(toErrorBody(error, c.var.requestId)))
    },
  )
  await Promise.race([begun, result])
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (lines.length === 0) {
          await new Promise<void>((resolve) => {
            hasLine = resolve
          })
        }
        controller.enqueue(Buffer.from(lines.splice(0).join('')))
        if (isEnded) controller.close()
      },
      cancel: () => cancelled.abort(new HyperMeshError('cancelled', 'the client stopped reading')),
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}

function measureOf(c: Visit): Measure {
  const name = c.req.param('measure') ?? ''
  const measure = measures.get(name)
  if (measure !== undefined) return measure
  const nearest = nearestName(name, [...measures.keys()])
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  throw new HyperMeshError('not_found', `no measure named ${printable(name)}${hint}`)
}

function listing(): GraphMeasures {
  return {
    measures: [...new Set(measures.values())].map((measure) => {
      const { name, aliases, summary, source, columns, options } = measure
      const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' })
      return {
        measure: name,
        aliases: [...aliases],
        summary,
        source,
        columns: columns.map((column) => ({ ...column })),
        options: { ...schema },
      }
    }),
  }
}

/** As a JSON body would have it; a text in double quotes is always a text. */
function textToOption(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) {
    const number = Number(text)
    if (!Number.isInteger(number) || Number.isSafeInteger(number)) return number
  }
  return textToNode(text)
}

function mapped(
  values: Readonly<Record<string, unknown>>,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
