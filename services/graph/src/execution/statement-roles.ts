import { HyperMeshError, hasRole, type Principal, type Role } from '@hypermesh/contract'
import type { RunnableStatement, Statement } from '../language/syntax-tree.ts'

/** The one place that says who may run what; every door passes it. */
const rolesOf: Readonly<Record<RunnableStatement['kind'], Role>> = {
  match: 'reader',
  path: 'reader',
  showIndexes: 'reader',
  call: 'reader',
  insert: 'writer',
  update: 'writer',
  delete: 'writer',
  copy: 'writer',
  createTable: 'writer',
  alterTable: 'writer',
  dropTable: 'writer',
  createIndex: 'writer',
  dropIndex: 'writer',
  compactThreshold: 'writer',
}

/** EXPLAIN needs what the statement needs that it explains. */
export function roleOf(statement: Statement): Role {
  return statement.kind === 'explain' ? roleOf(statement.statement) : rolesOf[statement.kind]
}

/** Throws `forbidden`. */
export function assertMayRun(principal: Principal, statement: Statement): void {
  const role = roleOf(statement)
  if (hasRole(principal, role)) return
  throw new HyperMeshError('forbidden', `this statement needs a key of the role ${role}`, {
    details: { role },
  })
}
