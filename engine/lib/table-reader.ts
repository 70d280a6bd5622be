import type { ByteWriter } from './byte-writer.ts'
import type { ColumnBatch } from './column-batch.ts'
import { EngineError, invalid } from './errors.ts'
import type { EncodeContext } from './filter.ts'
import { assertFields, type Fielded } from './known-names.ts'
import type { NodeId } from './node-ids.ts'
import { toPage } from './paging.ts'
import {
  type AggregatePlan,
  type ExpandPlan,
  type FindPlan,
  type PathPlan,
  type QueryLimits,
  writeAggregate,
  writeExpand,
  writeExplain,
  writeFind,
  writePath,
} from './plans.ts'
import type { PropertyValue } from './property-values.ts'
import type {
  AggregateOptions,
  AggregateSyncOptions,
  AsyncReadOptions,
  ExpandOptions,
  ExpandSyncOptions,
  FindOptions,
  FindSyncOptions,
  PathOptions,
  PathSyncOptions,
  ReadOptions,
} from './read-options.ts'
import type { AsOf, ReadPoint, ReadView } from './read-view.ts'
import { assertDistinctColumns, columnLabelsOf, type LabelColumn } from './result-names.ts'
import type { TableSchema } from './schema.ts'
import { assertEdgeId, type Selection } from './selection.ts'

/** A hyperedge as a row, with what `columns` asked for. Instants are in the database's `timeUnit`. */
export interface Hyperedge {
  readonly id: number
  readonly at: number
  /** Null: never. */
  readonly until: number | null
  readonly weight: number
  readonly label: string | null
  readonly members: NodeId[]
  /** One a member; null where no member has one. */
  readonly roles: (string | null)[] | null
  readonly key: string | null
  /** Absent when the table has no properties. */
  readonly props?: Record<string, PropertyValue>
  /** Only where `columns` asks for it. */
  readonly arity?: number
  /** Only where `columns` asks for it. */
  readonly seq?: number
}

/** A node that a walk reached: by the hyperedge `via`, from the node `parent`; null of a seed. */
export interface ReachedNode {
  readonly node: NodeId
  readonly hop: number
  readonly at: number
  readonly via: number | null
  readonly parent: NodeId | null
}

/** A step of a path. */
export interface PathStep extends Omit<ReachedNode, 'hop'> {}

/** How a find would run. */
export interface ExplainStep {
  readonly step: string
  readonly detail: string
  readonly estimatedRows: number
}

/** Pages of a find, over one snapshot. */
export interface PagesOptions extends Omit<FindOptions, 'limit' | 'maxBytes'> {
  /** The most rows a page; 65,536 unless said. */
  readonly pageRows?: number
  /** The most bytes a page; 16 MiB unless said. */
  readonly pageBytes?: number
}

const pageRowsDefault = 65_536
const pageBytesDefault = 16 << 20
/** What a synchronous read that has to see all of its rows may read unless said: a few milliseconds. */
const syncExaminedMax = 1_000_000

/** How one kind of read is called and encoded. */
interface ReadKind<Options> {
  readonly name: Fielded
  readonly write: (writer: ByteWriter, options: Options, context: EncodeContext) => void
}

/** What a plan over a table is encoded and its result named by. */
interface Prepared {
  readonly context: EncodeContext
  readonly labels: LabelColumn
}

const finds: ReadKind<FindPlan> = { name: 'a find', write: writeFind }
const explains: ReadKind<FindPlan> = { name: 'a find', write: writeExplain }
const aggregates: ReadKind<AggregatePlan> = { name: 'an aggregate', write: writeAggregate }
const walks: ReadKind<ExpandPlan> = { name: 'a walk', write: writeExpand }
const paths: ReadKind<PathPlan> = { name: 'a path', write: writePath }

/** One table as a reader sees it: of the database the newest commits, of a snapshot that state. */
export class TableReader {
  readonly name: string
  readonly #view: ReadView
  /** Of the layout that was read by last. */
  #prepared: Prepared | undefined

  /** @internal */
  constructor(name: string, view: ReadView) {
    this.name = name
    this.#view = view
  }

  /** The table's declaration: as of now, or as the snapshot has it. */
  get schema(): TableSchema {
    this.#view.assertReadable()
    return this.#view.layout(this.name).schema
  }

  /**
   * The hyperedges selected, on the engine's threads.
   *
   * @example const batch = await calls.find({ from: '2024-01-01', members: { all: ['ann', 'bob'] } })
   */
  async find(options: FindOptions = {}): Promise<ColumnBatch<Hyperedge>> {
    return toPage(await this.#run<Hyperedge, FindOptions>(finds, options), options)
  }

  /** The same on this thread, which waits: for short reads. */
  findSync(options: FindSyncOptions = {}): ColumnBatch<Hyperedge> {
    return toPage(this.#runSync<Hyperedge, FindSyncOptions>(finds, options), options)
  }

  /** The hyperedge with that id, on this thread; undefined when there is none. */
  get(id: number, options: ReadOptions = {}): Hyperedge | undefined {
    assertEdgeId(id)
    assertFields(options, 'a read of one')
    return this.findSync({ ...options, ids: [id] }).first()
  }

  /** The living hyperedge with the caller's key, on this thread; undefined when there is none. */
  getByKey(key: string, options: ReadOptions = {}): Hyperedge | undefined {
    assertFields(options, 'a read of one')
    return this.findSync({ ...options, keys: [key] }).first()
  }

  /**
   * All the hyperedges selected, page by page over one snapshot, in bounded memory.
   *
   * @example for await (const batch of calls.pages({ columns: ['id', 'at'] })) use(batch.ids)
   */
  async *pages(
    options: PagesOptions = {},
  ): AsyncGenerator<ColumnBatch<Hyperedge>, void, undefined> {
    assertFields(options, 'pages')
    const { pageRows = pageRowsDefault, pageBytes = pageBytesDefault, asOf, ...rest } = options
    const { reader, release } = this.hold(asOf)
    try {
      let cursor = rest.cursor
      do {
        const page = { ...rest, limit: pageRows, maxBytes: pageBytes }
        const batch = await reader.find(cursor === undefined ? page : { ...page, cursor })
        yield batch
        cursor = batch.cursor ?? undefined
      } while (cursor !== undefined)
    } finally {
      release()
    }
  }

  /**
   * A reader of one state, for several readings that have to agree.
   *
   * @internal
   */
  hold(asOf: AsOf | undefined): { readonly reader: TableReader; readonly release: () => void } {
    const view = this.#view.hold(asOf)
    return { reader: new TableReader(this.name, view), release: () => view.release() }
  }

  /**
   * Whether all members of its hyperedges are integers. Requires: a reader of one state.
   *
   * @internal
   */
  async hasIntegerNodesOnly(): Promise<boolean> {
    const { session } = this.#view
    const { native, database, nodes } = session
    // The core writes it in this form. Later nodes are in no hyperedge of this state.
    const json = await session.callAsync(() => native.stats(database))
    const { nodeCount } = JSON.parse(json) as { readonly nodeCount: number }
    const texts = await nodes.textsAmong(nodeCount)
    if (texts === undefined) return false
    // Where there are a few, as what a program keeps beside its tables, they are looked for.
    if (texts.length === 0) return true
    const found = await this.find({ members: { any: texts }, columns: ['id'], limit: 1 })
    return found.rowCount === 0
  }

  /** How many hyperedges are selected. */
  async count(options: Selection & AsyncReadOptions = {}): Promise<number> {
    assertFields(options, 'a count')
    const batch = await this.aggregate({ ...options, measures: { n: 'count' } })
    return Number(batch.rowCount === 0 ? 0 : batch.values('n')[0])
  }

  /**
   * Figures of the hyperedges selected, by group: one column a group key (`bucket`, `node`, `role`,
   * `label` or the property's name), one a measure.
   *
   * @example await calls.aggregate({ groupBy: ['label'], measures: { n: 'count', total: { sum: 'amt' } } })
   */
  async aggregate<Row = Record<string, unknown>>(
    options: AggregateOptions,
  ): Promise<ColumnBatch<Row>> {
    return await this.#run(aggregates, options)
  }

  /**
   * The same on this thread, which waits. Figures of a part would mislead: where more than a million
   * rows have to be read it throws `too_large`, unless `maxExamined` is given.
   */
  aggregateSync<Row = Record<string, unknown>>(options: AggregateSyncOptions): ColumnBatch<Row> {
    return this.#runShort(aggregates, options)
  }

  /** The nodes that can be reached from the seeds, in the order of hops and arrival. */
  async expand(options: ExpandOptions): Promise<ColumnBatch<ReachedNode>> {
    return await this.#run(walks, options)
  }

  /** The same on this thread, for few nodes. @throws EngineError `too_large` */
  expandSync(options: ExpandSyncOptions): ColumnBatch<ReachedNode> {
    return this.#runShort(walks, options)
  }

  /** The way from `seed` to `target` with the fewest hops; no rows when there is none. */
  async shortestPath(options: PathOptions): Promise<ColumnBatch<PathStep>> {
    return await this.#run(paths, options)
  }

  /** The same on this thread. @throws EngineError `too_large` */
  shortestPathSync(options: PathSyncOptions): ColumnBatch<PathStep> {
    return this.#runShort(paths, options)
  }

  /** How a find would run, without running it. */
  async explain(options: FindOptions = {}): Promise<ColumnBatch<ExplainStep>> {
    return await this.#run(explains, options)
  }

  async #run<Row, Options extends AsyncReadOptions>(
    kind: ReadKind<Options>,
    options: Options,
  ): Promise<ColumnBatch<Row>> {
    assertFields(options, kind.name)
    const { session } = this.#view
    return await this.#view.atAsync(options.asOf, (point) =>
      session.withWriter((writer) => {
        const { context, labels } = this.#prepare(options, point)
        kind.write(writer, options, context)
        const call = { snapshot: point.snapshot, labels, signal: options.signal }
        return session.query<Row>(writer.bytes(), call)
      }),
    )
  }

  #runSync<Row, Options extends ReadOptions>(
    kind: ReadKind<Options>,
    options: Options,
  ): ColumnBatch<Row> {
    assertFields(options, kind.name)
    if ('signal' in options) throw invalid('a read on this thread takes no signal')
    const { asOf } = options
    if (asOf === undefined) return this.#runAt(kind, options, this.#view.point())
    return this.#view.at(asOf, (point) => this.#runAt<Row, Options>(kind, options, point))
  }

  #runAt<Row, Options>(
    kind: ReadKind<Options>,
    options: Options & object,
    point: ReadPoint,
  ): ColumnBatch<Row> {
    const { session } = this.#view
    const writer = session.takeWriter()
    try {
      const { context, labels } = this.#prepare(options, point)
      kind.write(writer, options, context)
      return session.querySync<Row>(writer, point.snapshot, labels)
    } finally {
      session.giveWriter(writer)
    }
  }

  /** Whole, or not at all, unless the caller set the bound. */
  #runShort<Row, Options extends ReadOptions & QueryLimits>(
    kind: ReadKind<Options>,
    options: Options,
  ): ColumnBatch<Row> {
    assertFields(options, kind.name)
    const bounded = { ...options, maxExamined: options.maxExamined ?? syncExaminedMax }
    const batch = this.#runSync<Row, Options>(kind, bounded)
    if (batch.truncated === 'examined' && options.maxExamined === undefined) {
      const hint = 'await the asynchronous one, or set maxExamined'
      throw new EngineError('too_large', `more than ${syncExaminedMax} rows to read here; ${hint}`)
    }
    return batch
  }

  #prepare(options: object, point: ReadPoint): Prepared {
    const layout = point.layout(this.name)
    let known = this.#prepared
    if (known?.context.layout !== layout) {
      const { timeUnit } = this.#view.session
      known = { context: { layout, timeUnit }, labels: columnLabelsOf(layout) }
      this.#prepared = known
    }
    const { measures } = options as { readonly measures?: unknown }
    if (measures === undefined) return known
    assertDistinctColumns(options)
    return { context: known.context, labels: columnLabelsOf(layout, Object(measures)) }
  }
}
