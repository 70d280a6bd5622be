import { quoteIdentifier } from '@hypermesh/contract'
import type { DuckSession } from './session.ts'

/** An empty table, or a view over such, that stands for one of the catalog while a statement is planned. */
export interface Shadow {
  readonly schema: string
  readonly view: string
  readonly kind: 'TABLE' | 'VIEW'
  /** What makes it. */
  readonly sql: string
}

/** A session with more is not kept. */
const shadowsMax = 200

/** What each session has; without an entry for one that failed, of which nobody knows what it has. */
const known = new WeakMap<DuckSession, ReadonlyMap<string, Shadow>>()

/** Gives the session what it lacks. */
export async function makeShadows(
  session: DuckSession,
  wanted: readonly Shadow[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const before = known.get(session) ?? new Map<string, Shadow>()
  known.delete(session)
  const after = new Map(before)
  const schemas = new Set([...before.values()].map(({ schema }) => schema.toLowerCase()))
  const statements: string[] = []
  for (const shadow of wanted) {
    const { schema, view, sql } = shadow
    const key = JSON.stringify([schema.toLowerCase(), view.toLowerCase()])
    const held = after.get(key)
    if (held?.sql === sql) continue
    after.set(key, shadow)
    const name = `${quoteIdentifier(schema)}.${quoteIdentifier(view)}`
    if (held !== undefined) statements.push(`DROP ${held.kind} ${name};`)
    else if (!schemas.has(schema.toLowerCase())) {
      schemas.add(schema.toLowerCase())
      statements.push(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`)
    }
    statements.push(sql)
  }
  if (statements.length > 0) await session.run(statements.join('\n'), { signal })
  known.set(session, after)
}

/** Whether a session that planned a statement may plan another. */
export function mayPlanAgain(session: DuckSession): boolean {
  const shadows = known.get(session)
  return shadows !== undefined && shadows.size <= shadowsMax
}
