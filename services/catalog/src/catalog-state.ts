import { z } from 'zod'
import {
  type AnsweredRequest,
  answeredRequest,
  type Change,
  type CommitRecord,
  type CommitResult,
  commitResult,
  type TableEntry,
  tableEntry,
  type ViewEntry,
  viewEntry,
} from './commit-record.ts'
import { EntryTree } from './entry-tree.ts'
import { type AnswerRetention, HeldAnswers } from './held-answers.ts'

export interface NamespaceEntry {
  readonly namespace: string
  readonly properties: Readonly<Record<string, string>>
}

/** How a commit id ended. Kept for a bounded time, see `idempotencyHours`. */
export interface CommitOutcome {
  readonly commitId: string
  readonly seq: number
  readonly atMs: number
  /** null: abandoned, it will never be applied. */
  readonly result: CommitResult | null
}

export const checkpointBody = z.strictObject({
  format: z.literal(1),
  seq: z.number().int().min(1),
  warehouseUri: z.string().nullable(),
  formerWarehouseUris: z.array(z.string()).default([]),
  namespaces: z.array(
    z.strictObject({ namespace: z.string(), properties: z.record(z.string(), z.string()) }),
  ),
  tables: z.array(tableEntry),
  outcomes: z.array(
    z.strictObject({
      commitId: z.string(),
      seq: z.number().int(),
      atMs: z.number().int(),
      result: commitResult.nullable(),
    }),
  ),
  views: z.array(viewEntry).default([]),
  answers: z.array(answeredRequest.extend({ atMs: z.number().int() })).default([]),
})
export type Checkpoint = z.infer<typeof checkpointBody>

type OutcomeRetention = Pick<AnswerRetention, 'countMax' | 'ageMsMax'>

/**
 * The catalog at one position of its log. A pure function of the records applied, so every process
 * that has read the same records holds the same state.
 *
 * Invariant: names are unique without regard to case, as SQL compares them; entries keep the
 * user's spelling. Invariant: entries are never mutated, so identity tells whether one has changed.
 */
export class CatalogState {
  readonly #namespaces = new Map<string, NamespaceEntry>()
  readonly #tables = new EntryTree<TableEntry>((entry) => entry.table)
  readonly #views = new EntryTree<ViewEntry>((entry) => entry.view)
  readonly #answers: HeldAnswers
  readonly #outcomes = new Map<string, CommitOutcome>()
  readonly #retention: AnswerRetention
  #seq = 0
  #warehouseUri: string | null = null
  readonly #formerWarehouseUris: string[] = []

  constructor(retention: AnswerRetention) {
    this.#retention = retention
    this.#answers = new HeldAnswers(retention)
  }

  static fromCheckpoint(checkpoint: Checkpoint, retention: AnswerRetention): CatalogState {
    const state = new CatalogState(retention)
    state.#seq = checkpoint.seq
    state.#warehouseUri = checkpoint.warehouseUri
    state.#formerWarehouseUris.push(...checkpoint.formerWarehouseUris)
    for (const entry of checkpoint.namespaces) state.#putNamespace(entry)
    for (const entry of checkpoint.tables) state.#tables.put(entry)
    for (const entry of checkpoint.views) state.#views.put(entry)
    for (const answer of checkpoint.answers) state.#answers.put(answer)
    for (const outcome of checkpoint.outcomes) state.#outcomes.set(outcome.commitId, outcome)
    return state
  }

  toCheckpoint(): Checkpoint {
    return {
      format: 1,
      seq: this.#seq,
      warehouseUri: this.#warehouseUri,
      formerWarehouseUris: [...this.#formerWarehouseUris],
      namespaces: [...this.#namespaces.values()].map((entry) => ({ ...entry })),
      tables: this.#tables.all(),
      outcomes: [...this.#outcomes.values()],
      views: this.#views.all(),
      answers: this.#answers.all(),
    }
  }

  get seq(): number {
    return this.#seq
  }

  /** The URI that locations of tables start with; null before the first record. */
  get warehouseUri(): string | null {
    return this.#warehouseUri
  }

  /** What it was before each relocation, the oldest first: URIs of then may still come. */
  get formerWarehouseUris(): readonly string[] {
    return this.#formerWarehouseUris
  }

  get namespaceCount(): number {
    return this.#namespaces.size
  }

  get tableCount(): number {
    return this.#tables.count
  }

  get viewCount(): number {
    return this.#views.count
  }

  namespace(name: string): NamespaceEntry | undefined {
    return this.#namespaces.get(name.toLowerCase())
  }

  /** In the order of their folded names, which is the order of pages. */
  namespaces(): NamespaceEntry[] {
    return sorted(this.#namespaces)
  }

  table(namespace: string, table: string): TableEntry | undefined {
    return this.#tables.find(namespace, table)
  }

  tables(namespace: string): TableEntry[] {
    return this.#tables.of(namespace)
  }

  allTables(): TableEntry[] {
    return this.#tables.all()
  }

  view(namespace: string, view: string): ViewEntry | undefined {
    return this.#views.find(namespace, view)
  }

  views(namespace: string): ViewEntry[] {
    return this.#views.of(namespace)
  }

  allViews(): ViewEntry[] {
    return this.#views.all()
  }

  /** What a request under this idempotency key was answered. */
  answer(key: string): AnsweredRequest | undefined {
    return this.#answers.get(key)
  }

  outcome(commitId: string): CommitOutcome | undefined {
    return this.#outcomes.get(commitId)
  }

  /** Requires: `record.seq` is the next one. */
  apply(record: CommitRecord): void {
    if (record.seq !== this.#seq + 1) {
      throw new TypeError(`record ${record.seq} cannot follow ${this.#seq}`)
    }
    for (const change of record.changes) this.#applyChange(change, record)
    const { seq, atMs, answered } = record
    if (answered !== undefined) this.#answers.put({ ...answered, atMs })
    for (const { commitId, result } of resultsOf(record)) {
      this.#outcomes.set(commitId, { commitId, seq, atMs, result })
    }
    this.#seq = record.seq
    forgetOld(this.#outcomes, record.atMs, this.#retention)
    this.#answers.forgetOld(record.atMs)
  }

  #applyChange(change: Change, record: CommitRecord): void {
    switch (change.kind) {
      case 'set-warehouse':
        if (this.#warehouseUri !== null) this.#formerWarehouseUris.push(this.#warehouseUri)
        this.#warehouseUri = change.uri
        return
      case 'put-namespace':
        this.#putNamespace({ namespace: change.namespace, properties: change.properties })
        return
      case 'drop-namespace':
        this.#namespaces.delete(change.namespace.toLowerCase())
        return
      case 'put-table':
        this.#tables.put(change.entry)
        return
      case 'drop-table':
        this.#tables.remove(change.namespace, change.table)
        return
      case 'put-view':
        this.#views.put(change.entry)
        return
      case 'drop-view':
        this.#views.remove(change.namespace, change.view)
        return
      case 'abandon-commit': {
        const { commitId } = change
        const { seq, atMs } = record
        this.#outcomes.set(commitId, { commitId, seq, atMs, result: null })
      }
    }
  }

  #putNamespace(entry: NamespaceEntry): void {
    this.#namespaces.set(entry.namespace.toLowerCase(), entry)
  }
}

/** What a record answers to the commit ids that it applied. */
export function resultsOf(
  record: CommitRecord,
): readonly { readonly commitId: string; readonly result: CommitResult }[] {
  const { commitId, result, grouped = [] } = record
  return result === undefined ? grouped : [{ commitId, result }, ...grouped]
}

/** By the records' own clock, so that every process forgets the same ones. */
function forgetOld(
  held: Map<string, { readonly atMs: number }>,
  nowMs: number,
  retention: OutcomeRetention,
): void {
  for (const [key, { atMs }] of held) {
    const isOld = nowMs - atMs > retention.ageMsMax
    if (!isOld && held.size <= retention.countMax) return
    held.delete(key)
  }
}

function sorted<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}
