import { quoteIdentifier } from '@hypermesh/contract'
import type { DuckSession } from './session.ts'

/** A table or view that a statement names, as its session has it. */
export interface SessionName {
  readonly schema: string
  readonly view: string
  readonly kind: 'TABLE' | 'VIEW'
  /** What makes it. */
  readonly sql: string
  /** It reads others of the session's names, and is bound to what they were when it was made. */
  readonly readsNames?: boolean
}

/** A session with more is not kept. */
const namesMax = 200
const sqlCharsMax = 1_000_000

/** What each session has; without an entry for one that failed, of which nobody knows what it has. */
const known = new WeakMap<DuckSession, ReadonlyMap<string, SessionName>>()

/** Gives the session what it lacks of them, each after those that it reads. */
export async function makeNames(
  session: DuckSession,
  wanted: readonly SessionName[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const before = known.get(session) ?? new Map<string, SessionName>()
  known.delete(session)
  const after = new Map(before)
  const schemas = new Set([...before.values()].map(({ schema }) => schema.toLowerCase()))
  const statements: string[] = []
  const served = new Set<string>()
  for (const name of wanted) {
    const key = keyOf(name)
    const held = after.get(key)
    served.add(key)
    if (held?.sql === name.sql) continue
    if (held !== undefined) {
      statements.push(dropStatement(held))
      after.delete(key)
      statements.push(...dropReaders(after, served))
    } else if (!schemas.has(name.schema.toLowerCase())) {
      schemas.add(name.schema.toLowerCase())
      statements.push(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(name.schema)};`)
    }
    after.set(key, name)
    statements.push(name.sql)
  }
  if (statements.length > 0) {
    session.forgetPrepared()
    await session.run(statements.join('\n'), { signal })
  }
  known.set(session, after)
}

/** Whether a session that has served a statement may serve another. */
export function mayServeAgain(session: DuckSession): boolean {
  const names = known.get(session)
  if (names === undefined || names.size > namesMax) return false
  return [...names.values()].reduce((sum, { sql }) => sum + sql.length, 0) <= sqlCharsMax
}

function keyOf({ schema, view }: SessionName): string {
  return JSON.stringify([schema.toLowerCase(), view.toLowerCase()])
}

function dropStatement({ kind, schema, view }: SessionName): string {
  return `DROP ${kind} ${quoteIdentifier(schema)}.${quoteIdentifier(view)};`
}

/** Those that may read what is made anew; what was served before it does not. */
function dropReaders(names: Map<string, SessionName>, served: ReadonlySet<string>): string[] {
  const readers = [...names].filter(([key, name]) => name.readsNames && !served.has(key))
  for (const [key] of readers) names.delete(key)
  return readers.map(([, name]) => dropStatement(name))
}
