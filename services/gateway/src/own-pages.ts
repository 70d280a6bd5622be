import { openApi, type Principal } from '@hypermesh/contract'
import { jsonResponse, type Metrics, wholeResponse } from '@hypermesh/kit'
import { answerToken, type TokenVisit } from './oauth-token.ts'

export type Readiness = 'ready' | 'starting' | 'stopping'
/** Whether each service that runs in another process can serve. */
export type PeerStates = Readonly<Record<string, 'ready' | 'starting' | 'unreachable'>>

export interface OwnPagesOptions {
  readonly version: string
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  readonly authenticate: (request: Request, address: string) => Promise<Principal>
  /** Absent: every service runs in this process. */
  readonly peers?: (() => Promise<PeerStates>) | undefined
}

/** What a page may look at of the request that asks for it. */
export type Visit = TokenVisit
export type OwnPages = Readonly<Record<string, (visit: Visit) => Response | Promise<Response>>>

/** What the gateway answers about the platform itself, by route id. */
export function ownPages(options: OwnPagesOptions): OwnPages {
  const { version, metrics, readiness, authenticate, peers } = options
  let document: string | undefined
  return {
    icebergToken: (visit) => answerToken(visit, authenticate),
    health: () => jsonResponse({ status: 'ok' }),
    readiness: async () => {
      const own = readiness()
      const services = await peers?.()
      const isWhole = Object.values(services ?? {}).every((state) => state === 'ready')
      const status = own === 'ready' && !isWhole ? 'degraded' : own
      const body = { status, version, ...(services === undefined ? {} : { services }) }
      return jsonResponse(body, { status: status === 'ready' ? 200 : 503 })
    },
    openapi: () => {
      document ??= JSON.stringify(openApi(version))
      return wholeResponse(document, { headers: { 'content-type': 'application/json' } })
    },
    metrics: async () => {
      const { text, contentType } = await metrics.render()
      return wholeResponse(text, { headers: { 'content-type': contentType } })
    },
  }
}
