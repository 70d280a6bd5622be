import {
  formatTableName,
  type GraphPublication,
  type graphPublicationRequest,
  HyperMeshError,
  parseTableName,
  toWireLong,
} from '@hypermesh/contract'
import { toLong } from '@hypermesh/iceberg'
import { tellFailure } from '@hypermesh/kit'
import type { z } from 'zod'
import type { GraphDatabase } from '../graph-database.ts'
import { asGraphErrors } from '../graph-error.ts'
import type { GraphPeers } from '../graph-peers.ts'
import { ServiceRows } from '../service-rows.ts'
import { type FollowingOptions, TableFollower } from '../table-follower.ts'
import { type PublicationState, publicationState } from './publication-state.ts'
import { syncPublication } from './publication-sync.ts'
import { publishedColumns, toIcebergSchema } from './published-columns.ts'

export interface PublicationsOptions extends FollowingOptions {
  readonly peers: GraphPeers
}

/** A hyperedge table that is published. */
class Publication {
  readonly database: GraphDatabase
  readonly table: string
  readonly rows: ServiceRows<PublicationState>

  constructor(database: GraphDatabase, table: string) {
    this.database = database
    this.table = table
    this.rows = rowsOf(database)
  }

  /** Throws `not_found` where it is not published. */
  state(): PublicationState {
    const state = this.rows.get(this.table)?.state
    if (state?.database === this.database.name) return state
    throw new HyperMeshError('not_found', `the table ${this.table} is not published`)
  }
}

type PublicationRequest = z.output<typeof graphPublicationRequest>

/** Keeps Iceberg tables what hyperedge tables are: when those are compacted, and when told to. */
export class Publications implements AsyncDisposable {
  readonly #options: PublicationsOptions
  readonly #follower: TableFollower<Publication>

  constructor(options: PublicationsOptions) {
    this.#options = options
    this.#follower = new TableFollower(options, {
      make: (database, table) => new Publication(database, table),
      followed: followedTables,
      position: () => this.#merges(),
      sync: (publication, signal) => this.#run(publication, signal),
      failing: 'a table cannot be published',
      unknown: 'compactions cannot be counted',
    })
  }

  /** Makes the Iceberg table and writes it. The same again changes nothing but the mode. */
  async put(
    database: GraphDatabase,
    table: string,
    request: PublicationRequest,
    signal: AbortSignal,
  ): Promise<GraphPublication> {
    const publication = this.#follower.of(database, table)
    const target = formatTableName(parseTableName(request.table))
    await this.#follower.alone(publication, () =>
      asGraphErrors(async () => {
        const before = publication.rows.get(table)
        const { table: had, nodes, database: of } = before?.state ?? {}
        const isAlike = had === target && nodes === request.nodes && of === database.name
        const uuid = isAlike ? await this.#uuidOf(target, signal) : undefined
        // One that has been made anew under the name is another.
        const isSame = uuid !== undefined && uuid === before?.state.tableUuid
        if (isSame && before?.state.mode === request.mode) return
        const tableUuid = isSame
          ? uuid
          : await this.#makeTable(publication, target, { request, signal })
        const made: PublicationState = {
          ...{ database: database.name, table: target, tableUuid, nodes: request.nodes },
          ...{ mode: request.mode, seq: null, pending: null, snapshotId: null },
          ...{ lastWrite: null, publishedAt: null },
        }
        await publication.rows.prepare()
        const state = isSame && before ? { ...before.state, mode: request.mode } : made
        await database.engine.transaction((transaction) =>
          publication.rows.put(transaction, table, { before, state }),
        )
      }),
    )
    this.#follower.renew(publication)
    return this.sync(database, table, signal)
  }

  /** Ends it; the Iceberg table stays. */
  async end(database: GraphDatabase, table: string): Promise<void> {
    const publication = this.#follower.of(database, table)
    publication.state()
    await this.#follower.alone(publication, () =>
      database.engine.transaction((transaction) => publication.rows.remove(transaction, table)),
    )
    this.#follower.renew(publication)
  }

  /** Returns when the Iceberg table has what the hyperedges were when this was called. */
  async sync(
    database: GraphDatabase,
    table: string,
    signal: AbortSignal,
  ): Promise<GraphPublication> {
    const publication = this.#follower.of(database, table)
    publication.state()
    await this.#follower.sync(publication, signal)
    return this.status(database, table)
  }

  async status(database: GraphDatabase, table: string): Promise<GraphPublication> {
    const publication = this.#follower.of(database, table)
    const {
      seq,
      snapshotId,
      publishedAt,
      lastWrite,
      nodes,
      mode,
      table: target,
    } = publication.state()
    const failure = this.#follower.failureOf(publication)
    const newest = await newestSeq(database, table)
    const isCurrent = seq !== null && newest <= seq
    return {
      ...{ database: database.name, graph_table: table, table: target, nodes, mode },
      state: this.#follower.stateOf(publication, 'syncing', { isCurrent, hasFailed: !!failure }),
      seq: seq ?? 0,
      current_seq: newest,
      snapshot_id: snapshotId === null ? null : toWireLong(toLong(snapshotId)),
      ...{ last_write: lastWrite, published_at: publishedAt },
      ...(failure && { last_error: tellFailure(failure) }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]()
  }

  /** Undefined where there is no such table. */
  async #uuidOf(target: string, signal: AbortSignal): Promise<string | undefined> {
    const { catalog } = this.#options.peers
    if (!(await catalog.tableExists(target, { signal }))) return undefined
    return (await catalog.loadTable(target, { signal })).metadata['table-uuid']
  }

  async #makeTable(
    { database, table }: Publication,
    target: string,
    { request, signal }: { readonly request: PublicationRequest; readonly signal: AbortSignal },
  ): Promise<string> {
    const { catalog } = this.#options.peers
    const { namespace, table: name } = parseTableName(target)
    if (await catalog.tableExists(target, { signal })) {
      if (!request.replace) {
        const message = `there is a table ${target}; say replace if its rows may be replaced`
        throw new HyperMeshError('exists', message)
      }
    } else {
      await catalog.createNamespace({ namespace: [namespace] }, { signal }).catch(unlessExists)
      const columns = publishedColumns(database.table(table).schema, request.nodes)
      const properties = { 'hypermesh.graph-table': `${database.name}.${table}` }
      const schema = toIcebergSchema(columns)
      await catalog.createTable(namespace, { name, schema, properties }, { signal })
    }
    return (await catalog.loadTable(target, { signal })).metadata['table-uuid']
  }

  /** How many compactions there were, of all databases that are open. */
  async #merges(): Promise<number> {
    const open = this.#options.opened().filter(({ engine }) => !engine.isClosed)
    const counts = await Promise.all(open.map(({ engine }) => engine.stats()))
    return counts.reduce((sum, { merges, flushes }) => sum + merges + flushes, 0)
  }

  async #run({ database, table, rows }: Publication, signal: AbortSignal): Promise<void> {
    const { peers, clock, limits } = this.#options
    const { ingestTimeoutMs: timeoutMs } = limits
    const options = { database, table, rows, peers, clock, timeoutMs, signal }
    await asGraphErrors(() => syncPublication(options))
  }
}

function rowsOf({ engine }: GraphDatabase): ServiceRows<PublicationState> {
  return new ServiceRows(engine, 'hm_publications', publicationState)
}

function followedTables(database: GraphDatabase): string[] {
  const rows = rowsOf(database)
  return rows.tables().filter((table) => {
    const state = rows.get(table)?.state
    return state?.mode === 'follow' && state.database === database.name
  })
}

/** The newest commit that wrote a hyperedge that lives; deletes alone are told by a sync. */
async function newestSeq({ engine }: GraphDatabase, table: string): Promise<number> {
  const batch = await asGraphErrors(() =>
    engine.table(table).aggregate({ measures: { newest: { max: 'seq' } } }),
  )
  return batch.rowCount === 0 ? 0 : Number(batch.values('newest')[0] ?? 0)
}

function unlessExists(error: unknown): void {
  if (!(error instanceof HyperMeshError) || error.code !== 'exists') throw error
}
