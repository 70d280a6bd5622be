import type { Database } from '@hypermesh/engine'
import type { GraphDatabase } from './graph-database.ts'

export type NodeKind = 'none' | 'number' | 'text'

interface Known {
  nodes: NodeKind
  /** The commit up to which every hyperedge was looked at. */
  seq: number
  looking: Promise<void> | undefined
}

/**
 * Whether every node of a table is a whole number that a BIGINT holds: then SQL has them as numbers. A table is
 * looked through once, and after that what came since; one text decides for good, also where it has
 * gone again.
 */
export class NodeKinds {
  readonly #known = new WeakMap<Database, Map<string, Known>>()

  async of(
    { engine }: GraphDatabase,
    table: string,
    signal: AbortSignal,
  ): Promise<{ readonly nodes: NodeKind; readonly seq: number }> {
    const known = this.#of(engine, `${engine.table(table).schema.id}:${table}`)
    if (known.nodes !== 'text') {
      // One look at a time; who joined sees what was there when he came, or less: so once more.
      await known.looking?.catch(() => undefined)
      known.looking ??= look(engine, table, known).finally(() => {
        known.looking = undefined
      })
      await known.looking
    }
    signal.throwIfAborted()
    return { nodes: known.nodes, seq: known.seq }
  }

  #of(engine: Database, key: string): Known {
    let tables = this.#known.get(engine)
    if (tables === undefined) {
      tables = new Map()
      this.#known.set(engine, tables)
    }
    const known = tables.get(key) ?? { nodes: 'none', seq: 0, looking: undefined }
    tables.set(key, known)
    return known
  }
}

async function look(engine: Database, name: string, known: Known): Promise<void> {
  const where = { column: 'seq', gt: known.seq } as const
  const since = known.seq === 0 ? {} : { where }
  let { seq } = known
  for await (const page of engine.table(name).pages({ columns: ['members'], ...since })) {
    const { members } = page
    seq = Math.max(seq, page.snapshotSeq)
    if (members.length === 0) continue
    // Numbers that one array of numbers does not hold exactly are beyond 2^53, or among texts.
    const isNumbers = members instanceof Uint32Array || members instanceof Float64Array
    known.nodes = isNumbers ? 'number' : 'text'
    if (known.nodes === 'text') break
  }
  // Only now: a look that ended early has not seen the pages after it.
  known.seq = seq
}
