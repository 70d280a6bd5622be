import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HyperMeshError } from '@hypermesh/contract'
import { afterEach, expect } from 'vitest'

/** Real HTTP servers for the tests of a file, so that sockets and streams behave as in use; gone after each. */
export function httpServers() {
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
  /** Its URL. */
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    serve,
    /** The URL of a server that was there. */
    closedUrl: async (): Promise<string> => {
      const url = await serve(() => undefined)
      await new Promise((resolve) => servers.pop()?.close(resolve))
      return url
    },
  }
}

/** What it fails with. */
export async function failure(promise: Promise<unknown>): Promise<HyperMeshError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HyperMeshError)
  return error as HyperMeshError
}
