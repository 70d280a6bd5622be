import { HyperMeshError, type ServiceName } from '@hypermesh/contract'
import {
  type Clock,
  createHttpFetch,
  type Fetch,
  type Logger,
  remoteUpstream,
} from '@hypermesh/kit'
import type { Target } from './target.ts'

export type PeerState = 'ready' | 'starting' | 'unreachable'

const probeMs = 1000
const pauseMs = 200
/** A peer that starts beside this process has so long before the start fails. */
const startMs = 60_000

/** The services of other processes: a way to each, and whether it can serve. */
export class Peers {
  readonly #urls: ReadonlyMap<ServiceName, URL>
  readonly #upstreams: ReadonlyMap<ServiceName, Fetch>
  readonly #send = createHttpFetch()
  readonly #logger: Logger

  constructor(split: NonNullable<Target['split']>, parts: { clock: Clock; logger: Logger }) {
    this.#urls = split.peers
    this.#logger = parts.logger
    this.#upstreams = new Map(
      [...split.peers].map(([service, url]) => [
        service,
        remoteUpstream({ service, url, secret: split.secret, clock: parts.clock }),
      ]),
    )
  }

  upstream(name: ServiceName): Fetch | undefined {
    return this.#upstreams.get(name)
  }

  async states(): Promise<Record<string, PeerState>> {
    const entries = [...this.#urls].map(
      async ([name, url]) => [name, await this.#stateAt(url)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  /** Waits until these live: a service asks those it needs while it is made. */
  async waitFor(names: Iterable<ServiceName>): Promise<void> {
    for (const name of names) {
      const url = this.#urls.get(name)
      if (url !== undefined) await this.#waitForOne(name, url)
    }
  }

  async #waitForOne(name: ServiceName, url: URL): Promise<void> {
    const deadline = AbortSignal.timeout(startMs)
    let isTold = false
    while ((await this.#stateAt(url)) !== 'ready') {
      if (deadline.aborted) {
        throw new HyperMeshError(
          'unavailable',
          `${name} cannot be reached at ${url.origin}; start it, or set [services] ${name}_url`,
          { details: { service: name, url: url.origin } },
        )
      }
      if (!isTold) this.#logger.warn({ peer: name, url: url.origin }, 'waiting for a peer')
      isTold = true
      await pause(pauseMs)
    }
  }

  async #stateAt(url: URL): Promise<PeerState> {
    try {
      const signal = AbortSignal.timeout(probeMs)
      const answer = await this.#send(new Request(new URL('/readyz', url), { signal }))
      await answer.body?.cancel()
      return answer.ok ? 'ready' : 'starting'
    } catch {
      return 'unreachable'
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
