import type { Database } from '@hypermesh/engine'

/**
 * The member of every hyperedge that the service keeps for itself: the engine has none without. It is written
 * into a new database before all else, so that it has the first number and is counted out.
 */
export const innerMember = 2n ** 64n - 1n

/** Whether the first node of a database is that of the service. */
export function hasInnerMember(engine: Database, nodeCount: number): boolean {
  return nodeCount > 0 && engine.nodeKeys(Uint32Array.of(0))[0] === innerMember
}
