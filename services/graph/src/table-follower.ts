import type { Limits } from '@hypermesh/contract'
import { type Clock, Follower, type FollowerOptions, type Logger } from '@hypermesh/kit'
import type { GraphDatabase } from './graph-database.ts'

export interface FollowingOptions {
  /** The databases that are open now. */
  readonly opened: () => readonly GraphDatabase[]
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks for what has changed. */
  readonly followMs: number
}

/** What is kept in step with a hyperedge table, or that with it. */
export interface FollowedTable {
  readonly database: GraphDatabase
  readonly table: string
}

export interface TableFollowerOptions<Item extends FollowedTable>
  extends Pick<FollowerOptions<Item>, 'position' | 'sync'> {
  readonly make: (database: GraphDatabase, table: string) => Item
  /** Tables of a database that are to be brought up to date by themselves, now. */
  readonly followed: (database: GraphDatabase) => readonly string[]
  /** For the log, where an item fails and where nothing can be asked. */
  readonly failing: string
  readonly unknown: string
}

/** One item a hyperedge table, the same each time it is asked for; forgotten with its database. */
export class TableFollower<Item extends FollowedTable> extends Follower<Item> {
  readonly #make: TableFollowerOptions<Item>['make']
  readonly #items = new WeakMap<GraphDatabase, Map<string, Item>>()

  constructor(
    { opened, limits, clock, logger, followMs }: FollowingOptions,
    { make, followed, position, sync, failing, unknown }: TableFollowerOptions<Item>,
  ) {
    super({
      followed: () =>
        opened()
          .filter(({ engine }) => !engine.isClosed)
          .flatMap((database) => followed(database).map((table) => this.of(database, table))),
      ...{ position, sync, clock, followMs },
      onFailure: ({ database, table }, err) =>
        logger.warn({ err, database: database.name, table }, failing),
      onUnknown: (err) => logger.debug({ err }, unknown),
      concurrencyMax: () => limits.graphSyncsMax,
    })
    this.#make = make
  }

  of(database: GraphDatabase, table: string): Item {
    const known = this.#items.get(database) ?? new Map<string, Item>()
    this.#items.set(database, known)
    const item = known.get(table) ?? this.#make(database, table)
    known.set(table, item)
    return item
  }
}
