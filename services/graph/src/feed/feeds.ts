import {
  type GraphFeed,
  type graphFeedRequest,
  HyperMeshError,
  parseTableName,
  printable,
  toWireLong,
} from '@hypermesh/contract'
import {
  behindSinceMs,
  currentSnapshot,
  fieldNamed,
  lagOf,
  snapshotIdText,
  toLong,
} from '@hypermesh/iceberg'
import { tellFailure, toHyperMeshError } from '@hypermesh/kit'
import type { z } from 'zod'
import type { GraphDatabase } from '../graph-database.ts'
import { asGraphErrors } from '../graph-error.ts'
import { engineTimeUnit } from '../instants.ts'
import { ServiceRows } from '../service-rows.ts'
import { type FollowingOptions, TableFollower } from '../table-follower.ts'
import { feedColumns, findColumn, propertyTypeOf } from './feed-columns.ts'
import { planFeed } from './feed-plan.ts'
import { describeRows } from './feed-reading.ts'
import { type FeedMapping, type FeedState, feedState, isSameFeed } from './feed-state.ts'
import { assertBound, type FeedPeers, loadSource, syncFeed } from './feed-sync.ts'

export interface FeedsOptions extends FollowingOptions {
  readonly peers: FeedPeers
}

/** A hyperedge table that is fed. */
class Feed {
  readonly database: GraphDatabase
  readonly table: string
  readonly rows: ServiceRows<FeedState>
  /** A query is to be read whether its tables have changed or not. */
  isForced = false

  constructor(database: GraphDatabase, table: string) {
    this.database = database
    this.table = table
    this.rows = rowsOf(database)
  }

  /** Throws `not_found` where it is fed from nothing. */
  state(): FeedState {
    const row = this.rows.get(this.table)
    if (row !== undefined) return row.state
    throw new HyperMeshError('not_found', `the table ${this.table} has no feed`)
  }
}

type FeedRequest = z.output<typeof graphFeedRequest>

/** Keeps hyperedge tables what the tables and queries are that feed them. */
export class Feeds implements AsyncDisposable {
  readonly #options: FeedsOptions
  readonly #follower: TableFollower<Feed>

  constructor(options: FeedsOptions) {
    const { catalog } = options.peers
    this.#options = options
    this.#follower = new TableFollower(options, {
      make: (database, table) => new Feed(database, table),
      followed: followedTables,
      position: async (signal) => (await catalog.commitPosition({ signal })).seq,
      sync: (feed, signal) => this.#run(feed, signal),
      failing: 'a feed cannot follow its table',
      unknown: 'the catalog cannot be asked',
    })
  }

  /** Says what feeds the table, and begins. The same again changes nothing but the mode. */
  async put(
    database: GraphDatabase,
    table: string,
    request: FeedRequest,
    signal: AbortSignal,
  ): Promise<GraphFeed> {
    const feed = this.#follower.of(database, table)
    const bound = await this.#bind(feed, request, signal)
    await this.#follower.alone(feed, () =>
      asGraphErrors(async () => {
        const before = feed.rows.get(table)
        const isSame = before !== undefined && isSameFeed(before.state, bound.state)
        if (isSame && before.state.mode === bound.state.mode) return
        const hadKey = before?.state.mapping.key !== undefined
        const isOwn = hadKey && request.key !== undefined
        if (!isSame && !isOwn) await assertReplaceable(feed, request, before?.state)
        const missing = Object.fromEntries(bound.missing)
        if (bound.missing.length > 0) await database.engine.table(table).addProperties(missing)
        await feed.rows.prepare()
        const state = isSame ? { ...before.state, mode: bound.state.mode } : bound.state
        await database.engine.transaction((transaction) =>
          feed.rows.put(transaction, table, { before, state }),
        )
      }),
    )
    this.#follower.renew(feed)
    if (request.mode === 'follow') void this.#follower.run(feed)
    return this.status(database, table, signal)
  }

  /** Ends it; the hyperedges stay. */
  async end(database: GraphDatabase, table: string): Promise<void> {
    const feed = this.#follower.of(database, table)
    feed.state()
    await this.#follower.alone(feed, () =>
      asGraphErrors(() =>
        database.engine.transaction((transaction) => feed.rows.remove(transaction, table)),
      ),
    )
    this.#follower.renew(feed)
  }

  /** Returns when the table has what its rows were when this was called; throws why it has not. */
  async sync(database: GraphDatabase, table: string, signal: AbortSignal): Promise<GraphFeed> {
    const feed = this.#follower.of(database, table)
    feed.state()
    feed.isForced = true
    await this.#follower.sync(feed, signal)
    return this.status(database, table, signal)
  }

  async status(database: GraphDatabase, table: string, signal: AbortSignal): Promise<GraphFeed> {
    const feed = this.#follower.of(database, table)
    const state = feed.state()
    const failure = this.#follower.failureOf(feed)
    const lag = await this.#lag(state, signal)
    const error = failure?.error ?? (lag instanceof HyperMeshError ? lag : undefined)
    const known = lag instanceof HyperMeshError ? undefined : lag
    const isCurrent = known?.isCurrent ?? false
    const at = failure?.at ?? new Date(this.#options.clock.nowMs()).toISOString()
    return {
      database: database.name,
      graph_table: table,
      ...shown(state),
      state: this.#follower.stateOf(feed, 'syncing', { isCurrent, hasFailed: !!error }),
      ...known?.facts,
      ...(error && { last_error: tellFailure({ error, at }) }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]()
  }

  async #run(feed: Feed, signal: AbortSignal): Promise<void> {
    const { peers, limits, clock } = this.#options
    const { database, table, rows } = feed
    const { engine, compaction } = database
    const { isForced } = feed
    const wrote = () => compaction.wrote()
    feed.isForced = false
    const options = { engine, wrote, table, rows, peers, limits, clock, signal, isForced }
    await asGraphErrors(() => syncFeed({ ...options, timeUnit: engineTimeUnit }))
  }

  /** What the request means of the rows that there are now; nothing is written. */
  async #bind({ database, table }: Feed, request: FeedRequest, signal: AbortSignal) {
    const { peers } = this.#options
    const { schema } = await asGraphErrors(() => database.table(table))
    const { table: source, query, mode, on_bad_rows: onBadRows, replace: _, ...mapping } = request
    if ((source === undefined) === (query === undefined)) {
      throw new HyperMeshError('invalid', 'say a table or a query, one of them')
    }
    if (query !== undefined && request.key === undefined) {
      throw new HyperMeshError('invalid', 'the rows of a query are known by a key: say its column')
    }
    assertRoles(mapping, database.tables.declared(table).members)
    const draft = { ...(await this.#source(source, mapping, signal)), query: query ?? null }
    const state: FeedState = {
      ...draft,
      mapping,
      ...{ mode, onBadRows, snapshotId: null, partial: null, read: null, rows: 0 },
      ...{ badRows: { count: 0, samples: [] }, repeatedKeys: 0, syncedAt: null },
    }
    const described = await describeRows(peers.query, state, { signal })
    const declared = Object.fromEntries(schema.properties.map(({ name, type }) => [name, type]))
    feedColumns(described, mapping, declared)
    const missing = Object.entries(mapping.properties)
      .filter(([property]) => declared[property] === undefined)
      .map(
        ([property, column]) => [property, propertyTypeOf(findColumn(described, column))] as const,
      )
    return { state, missing }
  }

  async #source(table: string | undefined, mapping: FeedMapping, signal: AbortSignal) {
    if (table === undefined) return { source: null }
    parseTableName(table)
    const metadata = await loadSource(this.#options.peers, table, signal)
    const columns = [...new Set(columnsOf(mapping))].map((name) => {
      const field = fieldNamed(metadata, table, name)
      return { id: field.id, name: field.name }
    })
    return { source: { table, tableUuid: metadata['table-uuid'], columns } }
  }

  async #lag(state: FeedState, signal: AbortSignal) {
    const { peers, clock } = this.#options
    const { source, snapshotId, partial, read } = state
    try {
      if (source === null) {
        let isCurrent = read !== null
        for (const [table, id] of Object.entries(read ?? {})) {
          const current = currentSnapshot(await loadSource(peers, table, signal))
          isCurrent &&= (current === undefined ? null : snapshotIdText(current)) === id
        }
        return { isCurrent, facts: {} }
      }
      const metadata = await loadSource(peers, source.table, signal)
      assertBound(metadata, state)
      const current = currentSnapshot(metadata)
      const position = { snapshotId, partial: null }
      const { snapshotsBehind, rowsBehind } = lagOf(metadata, position)
      const sinceMs = behindSinceMs(metadata, position)
      return {
        isCurrent: planFeed(metadata, state).kind === 'none',
        facts: {
          current_snapshot_id: current === undefined ? null : toWireLong(current['snapshot-id']),
          ...(snapshotsBehind === undefined ? {} : { snapshots_behind: snapshotsBehind }),
          ...(rowsBehind === undefined ? {} : { rows_behind: rowsBehind - (partial?.rows ?? 0) }),
          behind_ms: sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs),
        },
      }
    } catch (error) {
      if (signal.aborted) throw error
      return toHyperMeshError(error)
    }
  }
}

function rowsOf({ engine }: GraphDatabase): ServiceRows<FeedState> {
  return new ServiceRows(engine, 'hm_feeds', feedState)
}

function followedTables(database: GraphDatabase): string[] {
  const rows = rowsOf(database)
  return rows.tables().filter((table) => rows.get(table)?.state.mode === 'follow')
}

function columnsOf({
  time,
  until,
  weight,
  label,
  key,
  members,
  properties,
}: FeedMapping): string[] {
  const single = [time, until, weight, label, key].filter((name) => name !== undefined)
  return [...single, ...members.map(({ column }) => column), ...Object.values(properties)]
}

function shown({ source, query, mapping, ...state }: FeedState) {
  const { snapshotId, partial } = state
  return {
    ...(source && { table: source.table, snapshot_id: wire(snapshotId) }),
    ...(query !== null && { query }),
    ...mapping,
    ...{ mode: state.mode, on_bad_rows: state.onBadRows, rows: state.rows },
    partial: partial && {
      snapshot_id: toWireLong(toLong(partial.snapshotId)),
      rows: partial.rows,
    },
    ...{ bad_rows: state.badRows, repeated_keys: state.repeatedKeys, synced_at: state.syncedAt },
  }
}

const wire = (id: string | null) => (id === null ? null : toWireLong(toLong(id)))

/**
 * With a key the feed owns what has a key; without, what is there and what it brings would be mixed, as
 * what it brought before would be with that of another.
 */
async function assertReplaceable(
  { database, table }: Feed,
  request: FeedRequest,
  before: FeedState | undefined,
): Promise<void> {
  if (request.replace) return
  const isKeyed = request.key !== undefined && before === undefined
  const where = { column: 'key', isNull: false } as const
  const count = await database.engine.table(table).count(isKeyed ? { where } : {})
  if (count === 0) return
  const what = isKeyed ? 'hyperedges with a key' : 'hyperedges'
  throw new HyperMeshError(
    'exists',
    `the table ${table} has ${count} ${what}; say replace if a feed may be put to them`,
    { details: { hyperedges: count } },
  )
}

function assertRoles({ members }: FeedMapping, kinds: readonly string[]): void {
  if (kinds.length === 0) return
  for (const { column, role } of members) {
    if (role === undefined ? kinds.length === 1 : kinds.includes(role)) continue
    const given = role === undefined ? 'none' : printable(role)
    const message = `the role of ${printable(column)} is ${given}; the table has ${kinds.join(', ')}`
    throw new HyperMeshError('type_mismatch', message, { details: { column, roles: kinds } })
  }
}
