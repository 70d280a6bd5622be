import { type DuckDatabase, type DuckSession, mayPlanAgain } from '@hypermesh/duckdb'

const idleMax = 8

/**
 * Sessions of the planner, kept from one statement to the next with the empty tables that they have:
 * making both takes longer than planning. Nothing of a user's is in them but names and columns.
 */
export class PlanningSessions {
  readonly #planner: DuckDatabase
  readonly #idle: DuckSession[] = []

  constructor(planner: DuckDatabase) {
    this.#planner = planner
  }

  async take(): Promise<DuckSession> {
    return this.#idle.pop() ?? this.#planner.connectApart()
  }

  /** Takes back a session whose statement was planned. */
  async giveBack(session: DuckSession): Promise<void> {
    if (this.#idle.length < idleMax && mayPlanAgain(session)) this.#idle.push(session)
    else await session[Symbol.asyncDispose]()
  }
}
