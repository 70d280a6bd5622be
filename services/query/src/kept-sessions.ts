import { type DuckDatabase, type DuckSession, mayServeAgain } from '@hypermesh/duckdb'

const idleMax = 8

/** Takes out of a session what only one statement may see. */
export type TidySession = (session: DuckSession) => Promise<void>

/**
 * Sessions of a database, kept from one statement to the next with the names that they have: making
 * both takes longer than a short statement. Nothing of a user's is in them but names, columns and
 * which files a table had; each statement gets the names that it uses as they are for it.
 */
export class KeptSessions {
  readonly #database: DuckDatabase
  readonly #idle: DuckSession[] = []

  constructor(database: DuckDatabase) {
    this.#database = database
  }

  async take(): Promise<DuckSession> {
    return this.#idle.pop() ?? this.#database.connectApart()
  }

  /** Takes back a session whose statement has ended, with all that it returned. */
  async giveBack(session: DuckSession, tidy: TidySession = async () => {}): Promise<void> {
    const mayStay = this.#idle.length < idleMax && mayServeAgain(session)
    if (mayStay && (await isTidied(session, tidy))) this.#idle.push(session)
    else await session[Symbol.asyncDispose]()
  }
}

/** One that cannot be tidied is let go of. */
async function isTidied(session: DuckSession, tidy: TidySession): Promise<boolean> {
  try {
    await tidy(session)
    return true
  } catch {
    return false
  }
}
