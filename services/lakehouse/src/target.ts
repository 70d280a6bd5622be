import { HyperMeshError, type ServiceName, serviceNames } from '@hypermesh/contract'
import type { Secret } from '@hypermesh/kit'
import { z } from 'zod'
import { definitions } from './topology.ts'

const remoteNames = ['storage', 'catalog', 'ingest', 'query', 'vector', 'graph'] as const
type RemoteName = (typeof remoteNames)[number]

export const targetSchema = z
  .array(z.enum(['all', ...serviceNames]))
  .min(1)
  .default(['all'])
  .describe('the services of this process: all, or a list as ["gateway", "catalog"]')

const peerUrl = (name: RemoteName) =>
  z
    .url({ protocol: /^http$/ })
    .optional()
    .describe(`where ${name} is served when it runs in another process`)

/** The table `[services]`: how the processes of one platform find each other. */
export const servicesConfigSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('where a part serves the other parts'),
  port: z.number().int().min(0).max(65_535).default(3211).describe('0 chooses a free one'),
  storageUrl: peerUrl('storage'),
  catalogUrl: peerUrl('catalog'),
  ingestUrl: peerUrl('ingest'),
  queryUrl: peerUrl('query'),
  vectorUrl: peerUrl('vector'),
  graphUrl: peerUrl('graph'),
})

interface TargetConfig {
  readonly lakehouse: { readonly target: readonly (ServiceName | 'all')[] }
  readonly services: z.infer<typeof servicesConfigSchema>
  readonly auth: { readonly internalSecret?: Secret | undefined }
}

/** What runs in this process, and where the rest of what it needs does. */
export interface Target {
  readonly local: ReadonlySet<ServiceName>
  /** Undefined: the whole platform runs here, and nothing else needs to be reached. */
  readonly split:
    | { readonly secret: Secret; readonly peers: ReadonlyMap<ServiceName, URL> }
    | undefined
}

/** Throws `invalid` with every fault: a part without a secret, a peer without an address. */
export function planTarget(config: TargetConfig): Target {
  const { target } = config.lakehouse
  const local = new Set(
    target.includes('all') ? serviceNames : serviceNames.filter((name) => target.includes(name)),
  )
  if (local.size === serviceNames.length) return { local, split: undefined }
  const faults: string[] = []
  const { internalSecret: secret } = config.auth
  if (secret === undefined) {
    faults.push(
      '[auth] internal_secret is not set; processes of one platform sign with it: set the same ' +
        'random text of 32 characters or more for each, or "file:/path" to one',
    )
  }
  const peers = new Map<ServiceName, URL>()
  for (const name of neededBy(local)) {
    const url = config.services[`${name}Url`]
    if (url !== undefined) peers.set(name, new URL(url))
    else faults.push(`[services] ${name}_url is not set, and ${name} is not in --target`)
  }
  if (secret !== undefined && faults.length === 0) return { local, split: { secret, peers } }
  const heading = `a process that runs ${[...local].join(', ')} alone`
  throw new HyperMeshError('invalid', `${heading} is not configured: ${faults.join('; ')}`, {
    details: { faults },
  })
}

function neededBy(local: ReadonlySet<ServiceName>): RemoteName[] {
  const needed = new Set<ServiceName>(local.has('gateway') ? remoteNames : [])
  for (const { name, needs, asks = [] } of definitions) {
    if (local.has(name)) for (const peer of [...needs, ...asks]) needed.add(peer)
  }
  return remoteNames.filter((name) => needed.has(name) && !local.has(name))
}
