import { openApi, type Principal } from '@hypermesh/contract'
import type { Metrics } from '@hypermesh/kit'
import { answerToken, type TokenVisit } from './oauth-token.ts'

export type Readiness = 'ready' | 'starting' | 'stopping'

export interface OwnPagesOptions {
  readonly version: string
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  readonly authenticate: (request: Request, address: string) => Promise<Principal>
}

/** What a page may look at of the request that asks for it. */
export type Visit = TokenVisit
export type OwnPages = Readonly<Record<string, (visit: Visit) => Response | Promise<Response>>>

/** What the gateway answers about the platform itself, by route id. */
export function ownPages(options: OwnPagesOptions): OwnPages {
  const { version, metrics, readiness, authenticate } = options
  let document: string | undefined
  return {
    icebergToken: (visit) => answerToken(visit, authenticate),
    health: () => Response.json({ status: 'ok' }),
    readiness: () => {
      const status = readiness()
      return Response.json({ status, version }, { status: status === 'ready' ? 200 : 503 })
    },
    openapi: () => {
      document ??= JSON.stringify(openApi(version))
      return new Response(document, { headers: { 'content-type': 'application/json' } })
    },
    metrics: async () => {
      const { text, contentType } = await metrics.render()
      return new Response(text, { headers: { 'content-type': contentType } })
    },
  }
}
