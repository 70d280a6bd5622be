import { HyperMeshError, type Principal, printable } from '@hypermesh/contract'
import { isLoopbackHost } from './config.ts'

const localAdmin: Principal = { keyId: 'no-auth', name: 'local', role: 'admin' }

/**
 * Stands in for authentication under --no-auth. A page in a browser on this machine could reach the
 * loopback address too, under a name of its own or across origins: both are refused.
 */
export async function authenticateLocal(request: Request): Promise<Principal> {
  const { hostname } = new URL(request.url)
  if (!isLoopbackHost(hostname)) {
    throw new HyperMeshError(
      'forbidden',
      `without authentication only loopback names are served, not ${printable(hostname)}`,
    )
  }
  const origin = request.headers.get('origin')
  if (origin !== null && !isLoopbackOrigin(origin)) {
    throw new HyperMeshError(
      'forbidden',
      `without authentication pages of ${printable(origin)} are not served`,
    )
  }
  return localAdmin
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname)
}
