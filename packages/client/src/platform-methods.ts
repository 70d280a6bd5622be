import type { HyperMeshClient } from './client.ts'
import { callForReply } from './reply.ts'
import type { Transport } from './transport.ts'

type PlatformMethods = Pick<
  HyperMeshClient,
  'health' | 'readiness' | 'openapi' | 'metrics' | 'listKeys' | 'createKey' | 'revokeKey'
>

export function platformMethods(transport: Transport): PlatformMethods {
  return {
    health: (options) => callForReply(transport, { id: 'health', options }),
    readiness: (options) => callForReply(transport, { id: 'readiness', options }),
    openapi: (options) => callForReply(transport, { id: 'openapi', options }),
    metrics: async (options) => (await transport.send({ id: 'metrics', options })).text(),
    listKeys: (options) => callForReply(transport, { id: 'listKeys', options }),
    createKey: (json, options) => callForReply(transport, { id: 'createKey', json, options }),
    revokeKey: (id, options) =>
      callForReply(transport, { id: 'revokeKey', parameters: { id }, options }),
  }
}
