import { Batch } from './batch.ts'
import { EngineError } from './errors.ts'
import type { HyperedgeColumns } from './hyperedge-columns.ts'
import type { HyperedgeChange, HyperedgeInput } from './hyperedges.ts'
import type { NodeId } from './node-ids.ts'
import { NodeReader } from './node-reader.ts'
import type { PropertyValues } from './property-values.ts'
import { PinnedView, takeSnapshot } from './read-view.ts'
import type { CommitReceipt } from './receipt.ts'
import type { Session } from './session.ts'
import { checkDurability, toIds, type WriteOptions } from './table.ts'
import { TableReader } from './table-reader.ts'

/** What a transaction came to. */
export interface TransactionResult<Value> {
  /** What the function returned. */
  readonly value: Value
  /** The one commit; undefined when nothing was written. `ids` has all inserts in their order. */
  readonly receipt: CommitReceipt | undefined
}

/** What is shared by everything that one transaction hands out. */
interface Scope {
  readonly session: Session
  readonly view: PinnedView
  /** Throws `closed` once the function has ended. */
  readonly batch: () => Batch
}

/**
 * Writes that become one commit when the function ends, and reads of the state that it began with:
 * they do not see its own writes.
 */
export class Transaction {
  readonly #scope: Scope

  /** @internal */
  constructor(scope: Scope) {
    this.#scope = scope
  }

  table(name: string): TransactionTable {
    const { session, view } = this.#scope
    // One that was dropped since can be read, one that was created since written.
    if (!view.has(name)) session.layout(name)
    return new TransactionTable(name, this.#scope)
  }

  get nodes(): TransactionNodes {
    return new TransactionNodes(this.#scope)
  }
}

/** A table within a transaction. Writes are checked now and done at its end. */
export class TransactionTable extends TableReader {
  readonly #scope: Scope

  /** @internal */
  constructor(name: string, scope: Scope) {
    super(name, scope.view)
    this.#scope = scope
  }

  insert(row: HyperedgeInput): void {
    this.#scope.batch().insert([row], this.#context())
  }

  insertMany(rows: readonly HyperedgeInput[]): void {
    this.#scope.batch().insert(rows, this.#context())
  }

  insertColumns(columns: HyperedgeColumns): void {
    this.#scope.batch().insertColumns(columns, this.#context())
  }

  update(id: number | readonly number[], change: HyperedgeChange): void {
    const ids = toIds(id)
    const changes = ids.map(() => change)
    this.#scope.batch().update(ids, changes, this.#context())
  }

  delete(id: number | readonly number[]): void {
    this.#scope.batch().delete(toIds(id), this.#context().layout)
  }

  #context() {
    const { session } = this.#scope
    return { layout: session.layout(this.name), timeUnit: session.timeUnit }
  }
}

/** The node properties within a transaction. */
export class TransactionNodes extends NodeReader {
  readonly #scope: Scope

  /** @internal */
  constructor(scope: Scope) {
    super(scope.view)
    this.#scope = scope
  }

  set(node: NodeId, props: PropertyValues): void {
    const { session } = this.#scope
    const context = { layout: session.nodeLayout(), timeUnit: session.timeUnit }
    this.#scope.batch().setNodes([[node, props]], context)
  }

  delete(nodes: readonly NodeId[]): void {
    this.#scope.batch().dropNodes(nodes)
  }
}

/** Runs the function, then commits what it wrote; when it throws, nothing is written. */
export async function runTransaction<Value>(
  session: Session,
  work: (transaction: Transaction) => Promise<Value> | Value,
  options?: WriteOptions,
): Promise<TransactionResult<Value>> {
  const durability = checkDurability(options)
  const snapshot = takeSnapshot(session, undefined)
  const batch = new Batch()
  let isOver = false
  const assertRunning = () => {
    if (isOver) throw new EngineError('closed', 'the transaction is over')
  }
  const view = new PinnedView(session, {
    take: () => {
      assertRunning()
      return snapshot
    },
    release: () => undefined,
  })
  try {
    const baseSeq = session.call(() => session.native.snapshotFigures(snapshot)[0] ?? 0)
    const transaction = new Transaction({
      session,
      view,
      batch: () => {
        assertRunning()
        return batch
      },
    })
    const value = await work(transaction)
    isOver = true
    if (batch.operationCount === 0) return { value, receipt: undefined }
    return { value, receipt: await session.commit(batch.bytes(baseSeq), durability) }
  } finally {
    isOver = true
    session.native.closeSnapshot(snapshot)
  }
}
