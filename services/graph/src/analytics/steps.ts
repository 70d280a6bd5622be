import type { Run } from './computation.ts'

/** Tells how far a loop is, about a thousand times in all. */
export function stepper(run: Run, phase: string, count: number): (done: number) => void {
  const step = Math.max(1, Math.floor(count / 1000))
  run.progress(phase, 0)
  return (done) => {
    if (done % step === 0) run.progress(phase, count === 0 ? 1 : done / count)
  }
}
