import { cutText } from './cell-text.ts'
import { formatBytes, formatDuration } from './quantities.ts'
import type { Terminal } from './terminal.ts'

const redrawMs = 100
/** What is done sooner needs no bar. */
const quietMs = 200
const barWidth = 24

export interface ProgressState {
  readonly label: string
  readonly bytes: number
  /** Unknown for standard input. */
  readonly bytesTotal: number | undefined
  readonly elapsedMs: number
}

/** Shows how far an upload is, in place on a terminal; elsewhere it stays silent. */
export class ProgressBar {
  readonly #terminal: Terminal
  readonly #label: string
  readonly #bytesTotal: number | undefined
  readonly #quietMs: number
  readonly #startedAt = performance.now()
  #bytes = 0
  #drawnAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(
    terminal: Terminal,
    label: string,
    options: { readonly bytesTotal?: number | undefined; readonly quietMs?: number } = {},
  ) {
    this.#terminal = terminal
    this.#label = label
    this.#bytesTotal = options.bytesTotal
    this.#quietMs = options.quietMs ?? quietMs
  }

  get isShown(): boolean {
    return this.#terminal.stderr.isTTY === true
  }

  /** Passes the chunks on and counts them; when they end the server is left to load them. */
  async *count(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      yield chunk
      // The next chunk is asked for when this one has been taken.
      this.#bytes += chunk.length
      this.#draw(() => uploadLine(this.#state()))
    }
    this.showLoading()
  }

  /** From here on there is nothing to count, only to wait for. */
  showLoading(): void {
    if (!this.isShown || this.#timer) return
    const draw = () => this.#draw(() => loadingLine(this.#state()))
    this.#drawnAt = Number.NEGATIVE_INFINITY
    draw()
    this.#timer = setInterval(draw, redrawMs).unref()
  }

  /** Removes the bar. */
  clear(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.isShown && this.#drawnAt !== Number.NEGATIVE_INFINITY) {
      this.#terminal.stderr.write('\r\u001b[K')
    }
  }

  #state(): ProgressState {
    return {
      label: this.#label,
      bytes: this.#bytes,
      bytesTotal: this.#bytesTotal,
      elapsedMs: performance.now() - this.#startedAt,
    }
  }

  #draw(line: () => string): void {
    const now = performance.now()
    if (!this.isShown || now - this.#drawnAt < redrawMs || now - this.#startedAt < this.#quietMs)
      return
    this.#drawnAt = now
    const width = (this.#terminal.stderr.columns ?? 80) - 1
    this.#terminal.stderr.write(`\r${cutText(line(), width)}\u001b[K`)
  }
}

export function uploadLine(state: ProgressState): string {
  const { label, bytes, bytesTotal, elapsedMs } = state
  const rate = elapsedMs > 0 ? (bytes / elapsedMs) * 1000 : 0
  const speed = `${formatBytes(rate)}/s`
  if (bytesTotal === undefined) return `${label}  ${formatBytes(bytes)} sent  ${speed}`
  const done = bytesTotal === 0 ? 1 : Math.min(1, bytes / bytesTotal)
  const filled = Math.round(done * barWidth)
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
  const left = rate > 0 ? `  ${formatDuration(((bytesTotal - bytes) / rate) * 1000)} left` : ''
  const percent = `${Math.floor(done * 100)}%`.padStart(4)
  return `${label}  ${bar} ${percent}  ${formatBytes(bytes)} of ${formatBytes(bytesTotal)}  ${speed}${left}`
}

function loadingLine({ label, elapsedMs }: ProgressState): string {
  return `${label}  loading… ${formatDuration(elapsedMs)}`
}
