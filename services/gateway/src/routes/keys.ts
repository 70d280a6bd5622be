import { createKeyRequest, HyperMeshError } from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import { AddressList } from '../address-list.ts'
import type { KeyStore } from '../key-store.ts'

export function mountKeys(app: App, keys: KeyStore): void {
  mountRoute(app, 'listKeys', async (c) => c.json({ keys: await keys.list() }))
  mountRoute(app, 'createKey', async (c) => {
    const request = await readJson(c, createKeyRequest)
    const wrong = request.cidrs.find((text) => !AddressList.isRange(text))
    if (wrong !== undefined) {
      throw new HyperMeshError('invalid', `"${wrong}" is no address range; write 10.0.0.0/8`)
    }
    return c.json(await keys.create(request), 201)
  })
  mountRoute(app, 'revokeKey', async (c) => c.json(await keys.revoke(c.req.param('id') ?? '')))
}
