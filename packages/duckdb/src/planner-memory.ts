/** What DuckDB made of statements, kept by who plans many; bounded by who makes it. */
export interface PlannerMemory {
  get(question: string): string | undefined
  set(question: string, answer: string): void
}

/** Words of functions whose value depends on the moment or the session, or is another each time. */
const momentary =
  /\b(?:age|ago|error|now|today|transaction_timestamp|in_search_path|random|(?:get_)?current_\w*|local\w*|\w*uuid\w*)\b/i

/**
 * Whether the statement may mean something else the next time. DuckDB computes such functions while it
 * plans, so what it made of this statement is good for once. Some that may not are taken for it too.
 */
export function isMomentary(sql: string): boolean {
  return momentary.test(sql)
}
