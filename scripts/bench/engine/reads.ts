import type { Contender } from './contender.ts'
import type { Answer, Question, Workload } from './workload.ts'

/** Milliseconds of each question, by contender; empty where it is none. */
export interface Timing {
  readonly workload: Workload
  readonly times: ReadonlyMap<string, readonly number[]>
}

/** A contender that is slower than this in sum is asked no more questions of a workload. */
const patienceMs = 25_000
/**
 * One after the other, as a program asks them: between two questions of its own, what another's scan of all
 * leaves in the processor's caches is no part of an answer. Fewer where else some order would not come.
 */
const seriesQuestionsMax = 50
const warmupMsMax = 400
const secondThoughtMs = 2

/**
 * Asks every contender the same questions, some at a time and in turn, so that a noisy moment falls on all alike.
 * Every answer is compared with the first contender's: a difference ends the bench.
 */
export async function measure(
  contenders: readonly Contender[],
  workload: Workload,
): Promise<Timing> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  const spent = new Map<string, number>()
  for (const contender of contenders) await warmUp(contender, workload)
  // A single question is asked often, so that it has a distribution too.
  const repeats = Math.ceil(10 / workload.questions.length)
  const asked = Array.from({ length: repeats }, () => workload.questions).flat()
  const length = Math.min(seriesQuestionsMax, Math.ceil(asked.length / contenders.length))
  for (let place = 0; place * length < asked.length; place++) {
    const series = asked.slice(place * length, (place + 1) * length)
    const firsts: Answer[] = []
    for (const contender of rotated(contenders, place)) {
      for (const [index, question] of series.entries()) {
        if ((spent.get(contender.name) ?? 0) > patienceMs) break
        const { answer, ms } = await timed(contender, question)
        if (answer === undefined) break
        spent.set(contender.name, (spent.get(contender.name) ?? 0) + ms)
        times.get(contender.name)?.push(ms)
        firsts[index] ??= answer
        assertEqual(firsts[index], answer, `${workload.name} by ${contender.name}`)
      }
    }
  }
  return { workload, times }
}

/** As in a process that has run for a while: each contender's JavaScript is compiled by then. */
async function warmUp(contender: Contender, { questions }: Workload): Promise<void> {
  const began = performance.now()
  for (let asked = 0; ; asked++) {
    const { answer } = await once(contender, questions[asked % questions.length] as Question)
    if (answer === undefined || performance.now() - began > warmupMsMax) return
  }
}

/** The better of two tries where a try is short: a scheduler's slice is not the database's work. */
async function timed(contender: Contender, question: Question) {
  const first = await once(contender, question)
  if (first.answer === undefined || first.ms > secondThoughtMs) return first
  const second = await once(contender, question)
  return second.ms < first.ms ? second : first
}

async function once(contender: Contender, question: Question) {
  const began = performance.now()
  const reply = contender.answer(question)
  // A synchronous answer is not made to wait for a turn of the event loop.
  const answer = reply instanceof Promise ? await reply : reply
  return { answer, ms: performance.now() - began }
}

function rotated<T>(values: readonly T[], by: number): readonly T[] {
  const start = by % values.length
  return [...values.slice(start), ...values.slice(0, start)]
}

function assertEqual(left: Answer, right: Answer, what: string): void {
  const close = Math.abs(left.sum - right.sum) <= 1e-9 * Math.max(1, Math.abs(left.sum))
  if (left.count === right.count && close) return
  throw new Error(`${what}: answers differ, ${JSON.stringify([left, right])}`)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
