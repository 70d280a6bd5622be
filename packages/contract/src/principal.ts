import { z } from 'zod'

/** Each role may do what those before it may. */
export const roles = ['reader', 'writer', 'admin'] as const
export const role = z.enum(roles)
export type Role = z.infer<typeof role>

/** Who makes a request, as the gateway established it. */
export interface Principal {
  readonly keyId: string
  readonly name: string
  readonly role: Role
}

export function hasRole(principal: Principal, needed: Role): boolean {
  return roles.indexOf(principal.role) >= roles.indexOf(needed)
}
