import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Ranges of addresses. An IPv4 address written as IPv6 (::ffff:10.0.0.1) is the IPv4 address. */
export class AddressList {
  readonly #ranges: readonly (readonly [Address, number])[]

  /** Requires: every text is a range, see `isRange`. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(parseRange)
  }

  static isRange(text: string): boolean {
    try {
      parseRange(text)
      return true
    } catch {
      return false
    }
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0
  }

  /** False for what is no address. */
  has(text: string): boolean {
    if (this.isEmpty || !isAddress(text)) return false
    const address = ipaddr.process(text)
    return this.#ranges.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    )
  }
}

export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

/** One spelling for one address, so that it can be counted. */
export function canonicalAddress(text: string): string {
  return isAddress(text) ? ipaddr.process(text).toString() : text
}

function parseRange(text: string): readonly [Address, number] {
  if (isAddress(text)) {
    const address = ipaddr.process(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  }
  // Short forms as 10.1/16 mean different things to different tools.
  if (!text.includes(':') && !ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) {
    throw new TypeError('not four decimal parts and a prefix length')
  }
  const [network, bits] = ipaddr.parseCIDR(text)
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96) {
    return [network.toIPv4Address(), bits - 96]
  }
  return [network, bits]
}
