import type { JobProgress } from '@hypermesh/contract'
import type { DuckSession } from '@hypermesh/duckdb'

/** How far a load has come; measured when somebody asks. */
export class LoadProgress {
  #phase: JobProgress['phase'] = 'queued'
  #rowsWritten: number | null = null
  #session: DuckSession | undefined

  async begin(session: DuckSession): Promise<void> {
    await session.measureProgress()
    this.#session = session
    this.#phase = 'reading'
  }

  enter(phase: 'writing' | 'committing', rowsWritten: number | null = null): void {
    this.#phase = phase
    this.#rowsWritten = rowsWritten
  }

  read(): JobProgress {
    const isWriting = this.#phase === 'writing'
    const percentRead = isWriting ? (this.#session?.percentRead ?? null) : null
    return { phase: this.#phase, percentRead, rowsWritten: this.#rowsWritten }
  }
}
