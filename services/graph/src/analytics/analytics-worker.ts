import { parentPort } from 'node:worker_threads'
import { ArrayBudget } from './array-budget.ts'
import type { Computation, Outcome, Run } from './computation.ts'
import { computations, type MeasureName } from './computations.ts'
import { Hypergraph, type HypergraphArrays } from './hypergraph.ts'
import { MeasureError, type MeasureErrorCode } from './measure-error.ts'

/** What a worker is asked for. */
export interface AnalyticsTask {
  readonly measure: MeasureName
  readonly arrays: HypergraphArrays
  /** Checked by the schema of the measure. */
  readonly options: unknown
  readonly rowsMax: number
  readonly sourcesMax: number
  readonly bytesMax: number
}

/** What it says: any number of times how far it is, then how it ended. */
export type AnalyticsReply =
  | { readonly progress: { readonly phase: string; readonly fraction: number } }
  | { readonly outcome: Outcome }
  | {
      readonly refusal: {
        readonly code: MeasureErrorCode
        readonly message: string
        readonly details: Readonly<Record<string, unknown>>
      }
    }
  | { readonly failure: string }

const progressMs = 50

const port = parentPort
port?.on('message', (task: AnalyticsTask) => port.postMessage(answer(task)))

function answer(task: AnalyticsTask): AnalyticsReply {
  try {
    return { outcome: compute(task) }
  } catch (error) {
    if (error instanceof MeasureError) {
      const { code, message, details } = error
      return { refusal: { code, message, details } }
    }
    // As of an array that cannot be allocated: the machine has less than the limit allows.
    if (error instanceof RangeError) {
      const message = 'there is not enough memory for this; narrow the window'
      return { refusal: { code: 'too_large', message, details: {} } }
    }
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function compute(task: AnalyticsTask): Outcome {
  const budget = new ArrayBudget(task.bytesMax)
  const { edgeOffsets, edgeNodes, edgeAt, edgeWeight } = task.arrays
  for (const array of [edgeOffsets, edgeNodes, edgeAt, edgeWeight]) budget.take(array.byteLength)
  let saidAt = 0
  const run: Run = {
    budget,
    rowsMax: task.rowsMax,
    sourcesMax: task.sourcesMax,
    progress(phase, fraction) {
      const now = performance.now()
      if (now - saidAt < progressMs) return
      saidAt = now
      port?.postMessage({ progress: { phase, fraction } } satisfies AnalyticsReply)
    },
  }
  // The schema that checked the options is that of the measure.
  const computation = computations[task.measure] as Computation<unknown>
  return computation(new Hypergraph(task.arrays, budget), task.options, run)
}
