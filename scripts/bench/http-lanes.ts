import { HttpLane } from './http-lane.ts'

/** Requests that may be sent in any order, and what each is answered once that is known. */
export interface Question {
  readonly requests: readonly Buffer[]
  readonly answers: readonly Buffer[]
  readonly queriesPerRequest: number
}

/** So many connections, each of which asks again as soon as it is answered. */
export class HttpLanes implements Disposable {
  readonly #lanes: readonly HttpLane[]
  #answeredCount = 0

  private constructor(lanes: readonly HttpLane[]) {
    this.#lanes = lanes
  }

  static async open(url: string, count: number): Promise<HttpLanes> {
    return new HttpLanes(await Promise.all(Array.from({ length: count }, () => HttpLane.open(url))))
  }

  /** Requests of all questions so far. */
  get answeredCount(): number {
    return this.#answeredCount
  }

  /** Each request once; the bodies of the answers in their order. */
  async askOnce(requests: readonly Buffer[]): Promise<Buffer[]> {
    const answers: Buffer[] = []
    await this.#ask(requests, requests.length, (place, body) => {
      answers[place] = Buffer.from(body)
    })
    return answers
  }

  /** So many requests, or until the signal aborts. Throws where an answer is not, byte for byte, the known one. */
  askAgain({ requests, answers }: Question, until: number | AbortSignal): Promise<void> {
    return this.#ask(requests, until, (place, body) => {
      if (body.equals(answers[place] as Buffer)) return
      throw new Error(`another answer than before: ${body} in place of ${answers[place]}`)
    })
  }

  [Symbol.dispose](): void {
    for (const lane of this.#lanes) lane[Symbol.dispose]()
  }

  async #ask(
    requests: readonly Buffer[],
    until: number | AbortSignal,
    onAnswer: (place: number, body: Buffer) => void,
  ): Promise<void> {
    let sent = 0
    const isOver = () => (typeof until === 'number' ? sent === until : until.aborted)
    const run = async (lane: HttpLane) => {
      while (!isOver()) {
        const place = sent++ % requests.length
        onAnswer(place, await lane.ask(requests[place] as Buffer))
        this.#answeredCount++
      }
    }
    await Promise.all(this.#lanes.map(run))
  }
}
