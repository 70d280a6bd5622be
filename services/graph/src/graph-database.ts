import type {
  GraphDatabaseDetail,
  GraphDatabase as GraphDatabaseSummary,
  GraphTableDetail,
  Limits,
} from '@hypermesh/contract'
import { Database, type Table } from '@hypermesh/engine'
import type { Clock, Logger } from '@hypermesh/kit'
import { CompactionThreshold } from './compaction-threshold.ts'
import type { GraphSettings } from './config.ts'
import { hasInnerMember } from './inner-member.ts'
import { engineTimeUnit } from './instants.ts'
import { KeyedInserts } from './keyed-inserts.ts'
import { TableCatalog } from './table-catalog.ts'

export interface GraphDatabaseOptions {
  readonly logger: Logger
  readonly clock: Clock
  readonly settings: GraphSettings
  readonly limits: Limits
}

/** An open database: the engine, and what is declared of its tables. */
export class GraphDatabase {
  readonly name: string
  readonly engine: Database
  readonly tables: TableCatalog
  readonly compaction: CompactionThreshold
  readonly keyedInserts: KeyedInserts
  readonly limits: Limits

  private constructor(
    name: string,
    parts: { readonly engine: Database; readonly tables: TableCatalog },
    { limits, logger, clock }: GraphDatabaseOptions,
  ) {
    this.name = name
    this.engine = parts.engine
    this.tables = parts.tables
    this.compaction = new CompactionThreshold(parts.engine, logger)
    this.keyedInserts = new KeyedInserts(parts.engine, { limits, clock })
    this.limits = limits
  }

  /** Makes an empty database in the directory, and leaves it closed and durable. */
  static async make(directory: string, { settings }: GraphDatabaseOptions): Promise<void> {
    const engine = await openEngine(directory, settings, true)
    try {
      await TableCatalog.create(engine)
    } finally {
      await engine.close()
    }
  }

  static async open(
    name: string,
    directory: string,
    options: GraphDatabaseOptions,
  ): Promise<GraphDatabase> {
    const engine = await openEngine(directory, options.settings, false)
    try {
      const tables = await TableCatalog.open(engine, options.limits)
      return new GraphDatabase(name, { engine, tables }, options)
    } catch (error) {
      await engine.close()
      throw error
    }
  }

  /** A table of a user. Throws `invalid_name`, `not_found`. */
  table(name: string): Table {
    return this.tables.require(name)
  }

  summary(): GraphDatabaseSummary {
    const { damagedLog } = this.engine.openReport
    return {
      database: this.name,
      state: damagedLog ? 'read_only' : 'ready',
      ...(damagedLog ? { problem: 'its log is damaged; what is before the damage is served' } : {}),
      tables: this.tables.names.length,
    }
  }

  async detail(): Promise<GraphDatabaseDetail> {
    const stats = await this.engine.stats()
    const { properties, indexes } = this.engine.nodes.schema
    return {
      ...this.summary(),
      seq: stats.seq,
      history_floor: stats.historyFloor,
      nodes: stats.nodeCount - (hasInnerMember(this.engine, stats.nodeCount) ? 1 : 0),
      log_bytes: stats.logBytes,
      disk_bytes: stats.diskBytes,
      memory_bytes: stats.memtableBytes,
      commits: stats.commits,
      syncs: stats.groupSyncs,
      flushes: stats.flushes,
      merges: stats.merges,
      node_properties: Object.fromEntries(properties.map(({ name, type }) => [name, type])),
      node_indexes: Object.fromEntries(
        Object.entries(indexes).map(([index, columns]) => [index, [...columns]]),
      ),
    }
  }

  async tableDetail(name: string, signal: AbortSignal): Promise<GraphTableDetail> {
    const table = this.table(name)
    const hyperedges = await table.count({ signal })
    const { tables } = await this.engine.stats()
    const found = tables.find((one) => one.name === name)
    const { records = 0, deleted = 0, segments = 0, bytes = 0 } = found ?? {}
    const stats = { hyperedges, records, deleted, segments, bytes }
    return { ...this.tables.describe(name), stats }
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}

function openEngine(directory: string, settings: GraphSettings, create: boolean) {
  return Database.open(directory, {
    create,
    timeUnit: engineTimeUnit,
    memtableBytesMax: settings.memtableBytes,
  })
}
