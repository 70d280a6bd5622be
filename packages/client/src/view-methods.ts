import { parseTableName } from '@hypermesh/contract'
import { toIdentifier } from './catalog-methods.ts'
import type { HyperMeshClient, TableReference } from './client.ts'
import { callForPresence, callForReply } from './reply.ts'
import type { Transport } from './transport.ts'

type ViewMethods = Pick<
  HyperMeshClient,
  | 'listViews'
  | 'createView'
  | 'loadView'
  | 'viewExists'
  | 'replaceView'
  | 'registerView'
  | 'renameView'
  | 'dropView'
>

export function viewMethods(transport: Transport): ViewMethods {
  return {
    listViews: (namespace, query, options) =>
      callForReply(transport, {
        id: 'listViews',
        parameters: { namespace },
        query: { ...query },
        options,
      }),
    createView: (namespace, json, options) =>
      callForReply(transport, { id: 'createView', parameters: { namespace }, json, options }),
    loadView: async (view, options) =>
      callForReply(transport, { id: 'loadView', parameters: viewParts(view), options }),
    viewExists: async (view, options) =>
      callForPresence(transport, { id: 'viewExists', parameters: viewParts(view), options }),
    replaceView: async (view, json, options) =>
      callForReply(transport, { id: 'replaceView', parameters: viewParts(view), json, options }),
    registerView: (namespace, json, options) =>
      callForReply(transport, { id: 'registerView', parameters: { namespace }, json, options }),
    renameView: async (from, to, options) => {
      const json = { source: toIdentifier(from), destination: toIdentifier(to) }
      await transport.send({ id: 'renameView', json, options })
    },
    dropView: async (view, options) => {
      await transport.send({ id: 'dropView', parameters: viewParts(view), options })
    },
  }
}

function viewParts(reference: TableReference): { namespace: string; view: string } {
  const { namespace, table } = typeof reference === 'string' ? parseTableName(reference) : reference
  return { namespace, view: table }
}
