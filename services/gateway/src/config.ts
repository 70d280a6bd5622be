import { HyperMeshError } from '@hypermesh/contract'
import { secret } from '@hypermesh/kit'
import { z } from 'zod'
import { AddressList } from './address-list.ts'

const addresses = z.array(z.string()).superRefine((texts, context) => {
  for (const [index, text] of texts.entries()) {
    if (AddressList.isRange(text)) continue
    const message = `"${text}" is no address range; write 10.0.0.0/8, 192.168.1.7 or fd00::/8`
    context.addIssue({ code: 'custom', path: [index], message })
  }
})

/** The table `[gateway]` of lakehouse.toml. */
export const gatewayConfigSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  port: z.number().int().min(0).max(65_535).default(3210).describe('0 chooses a free one'),
  metricsOpen: z.boolean().default(false).describe('serve /metrics without a key'),
  cidrs: addresses.default([]).describe('addresses that may connect; empty: any'),
  trustedProxies: addresses
    .default([])
    .describe('proxies whose X-Forwarded-For tells the address of the client'),
})
export type GatewayConfig = z.infer<typeof gatewayConfigSchema>

const secretCharactersMin = 32

/** The table `[auth]` of lakehouse.toml. */
export const authConfigSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('false: no keys, on a loopback address only'),
  internalSecret: secret
    .refine((value) => value.reveal().length >= secretCharactersMin, {
      message: `must have ${secretCharactersMin} characters or more`,
    })
    .optional()
    .describe('what processes of one platform sign with; needed when they are several'),
})
export type AuthConfig = z.infer<typeof authConfigSchema>

/** Throws unless requests without a key can only come from this machine. */
export function assertSafeBind(gateway: GatewayConfig, auth: AuthConfig): void {
  if (auth.enabled || isLoopbackHost(gateway.host)) return
  throw new HyperMeshError(
    'invalid',
    `[gateway] host ${gateway.host} is reachable from other machines and authentication is off; ` +
      'set [auth] enabled = true (leave out --no-auth), or host = "127.0.0.1"',
    { details: { host: gateway.host } },
  )
}

const loopback = new AddressList(['127.0.0.0/8', '::1/128'])

export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || loopback.has(host.replace(/^\[(.*)\]$/, '$1'))
}
