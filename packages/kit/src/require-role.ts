import { HyperMeshError, hasRole, type Principal, type Role } from '@hypermesh/contract'

/** Throws `forbidden` unless the principal may do what the role may. */
export function requireRole(principal: Principal, role: Role): void {
  if (hasRole(principal, role)) return
  throw new HyperMeshError(
    'forbidden',
    `this needs the role ${role}; the key "${principal.name}" has ${principal.role}`,
    { details: { needed: role, role: principal.role } },
  )
}
