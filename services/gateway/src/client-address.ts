import { type AddressList, canonicalAddress, isAddress } from './address-list.ts'

/**
 * Who asks: the peer of the socket. Only where that peer is a trusted proxy, the last address of
 * X-Forwarded-For that is not one itself; what stands before it could have been sent by anybody.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | null,
  trustedProxies: AddressList,
): string {
  let address = canonicalPeer(remoteAddress)
  const hops = forwardedFor?.split(',').map((hop) => hop.trim()) ?? []
  while (trustedProxies.has(address)) {
    const hop = hops.pop()
    if (hop === undefined || !isAddress(hop)) break
    address = canonicalAddress(hop)
  }
  return address
}

let lastPeer: { readonly given: string; readonly canonical: string } | undefined

/** Most requests in a row come from one address. */
function canonicalPeer(given: string): string {
  if (lastPeer?.given !== given) lastPeer = { given, canonical: canonicalAddress(given) }
  return lastPeer.canonical
}
