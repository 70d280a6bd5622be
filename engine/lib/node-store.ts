import { Batch } from './batch.ts'
import { EngineError, invalid } from './errors.ts'
import type { NodeId } from './node-ids.ts'
import { NodeReader } from './node-reader.ts'
import type { PropertyValues } from './property-values.ts'
import { NewestView } from './read-view.ts'
import type { CommitReceipt } from './receipt.ts'
import type { PropertyType } from './schema.ts'
import type { Session } from './session.ts'
import { checkDurability, type WriteOptions } from './table.ts'
import { toIndexColumns, toProperties } from './table-declaration.ts'

/** The properties of nodes, shared by all tables. */
export class NodeStore extends NodeReader {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    super(new NewestView(session))
    this.#session = session
  }

  /** Declares node properties; those that there are with that type already are left alone. */
  async declare(properties: Readonly<Record<string, PropertyType>>): Promise<void> {
    let missing = toProperties(properties)
    while (true) {
      const layout = this.#session.nodeLayout()
      missing = missing.filter(
        ([name, type]) => !(layout.has(name) && layout.property(name).type === type),
      )
      if (missing.length === 0) return
      try {
        await this.#declare((batch) => batch.addProperties(layout, missing))
        return
      } catch (error) {
        // Somebody else may have declared some of them meanwhile: then fewer are missing now.
        const isExisting = error instanceof EngineError && error.code === 'exists'
        if (!isExisting || !this.#has(missing)) throw error
      }
    }
  }

  /** Whether one of these is declared with its type. */
  #has(properties: readonly (readonly [string, PropertyType])[]): boolean {
    const layout = this.#session.nodeLayout()
    return properties.some(
      ([name, type]) => layout.has(name) && layout.property(name).type === type,
    )
  }

  /** Sets what is given; the rest stays. @example await db.nodes.set('ann', { age: 3 }) */
  async set(node: NodeId, props: PropertyValues, options?: WriteOptions): Promise<CommitReceipt> {
    return await this.setMany([[node, props]], options)
  }

  /** All or none. */
  async setMany(
    entries: readonly (readonly [NodeId, PropertyValues])[],
    options?: WriteOptions,
  ): Promise<CommitReceipt> {
    if (!Array.isArray(entries)) throw invalid('entries must be an array of [node, props]')
    const session = this.#session
    return await this.#commit(options, (batch) =>
      batch.setNodes(entries, { layout: session.nodeLayout(), timeUnit: session.timeUnit }),
    )
  }

  /** Drops all properties of the nodes; hyperedges keep them as members. */
  async delete(nodes: readonly NodeId[], options?: WriteOptions): Promise<CommitReceipt> {
    if (!Array.isArray(nodes)) throw invalid('nodes must be an array')
    return await this.#commit(options, (batch) => batch.dropNodes(nodes))
  }

  /** Built by the next flush. */
  async createIndex(name: string, columns: readonly string[]): Promise<void> {
    const layout = this.#session.nodeLayout()
    const places = new Map(layout.schema.properties.map((one) => [one.name, one.index]))
    const checked = toIndexColumns(name, columns, places)
    await this.#declare((batch) => batch.createIndex(layout, name, checked))
  }

  async #declare(add: (batch: Batch) => void): Promise<void> {
    try {
      await this.#commit({}, add)
    } finally {
      this.#session.forgetSchema()
    }
  }

  async #commit(
    options: WriteOptions | undefined,
    add: (batch: Batch) => void,
  ): Promise<CommitReceipt> {
    this.#session.assertOpen()
    const durability = checkDurability(options)
    return await this.#session.withWriter((writer) => {
      const batch = new Batch(writer)
      add(batch)
      return this.#session.commit(batch.bytes(), durability)
    })
  }
}
