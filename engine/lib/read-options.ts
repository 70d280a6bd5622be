import type { AggregatePlan, ExpandPlan, FindPlan, PathPlan } from './plans.ts'
import type { AsOf } from './read-view.ts'

/** How a read runs. */
export interface ReadOptions {
  /**
   * The past: the number of a commit, or an instant (a `Date`, ISO text, or a bigint of
   * microseconds). `gone` where history does not reach. Not on a snapshot or in a transaction, which
   * have their own.
   */
  readonly asOf?: AsOf
}

/** How a read off this thread runs. */
export interface AsyncReadOptions extends ReadOptions {
  /** Ends the query with `cancelled`, its reason as `cause`. */
  readonly signal?: AbortSignal
}

/** A find of the newest commits, or of the past. */
export interface FindOptions extends FindPlan, AsyncReadOptions {}

/** A find on this thread. */
export interface FindSyncOptions extends FindPlan, ReadOptions {}

export interface AggregateOptions extends AggregatePlan, AsyncReadOptions {}
export interface ExpandOptions extends ExpandPlan, AsyncReadOptions {}
export interface PathOptions extends PathPlan, AsyncReadOptions {}

/** A read on this thread. */
export interface AggregateSyncOptions extends AggregatePlan, ReadOptions {}
export interface ExpandSyncOptions extends ExpandPlan, ReadOptions {}
export interface PathSyncOptions extends PathPlan, ReadOptions {}
