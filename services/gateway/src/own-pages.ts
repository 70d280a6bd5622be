import { openApi } from '@hypermesh/contract'
import type { Metrics } from '@hypermesh/kit'

export type Readiness = 'ready' | 'starting' | 'stopping'

export interface OwnPagesOptions {
  readonly version: string
  readonly metrics: Metrics
  readonly readiness: () => Readiness
}

type Page = () => Response | Promise<Response>

/** What the gateway answers about the platform itself, by route id. */
export function ownPages({
  version,
  metrics,
  readiness,
}: OwnPagesOptions): Readonly<Record<'health' | 'readiness' | 'openapi' | 'metrics', Page>> {
  let document: string | undefined
  return {
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
