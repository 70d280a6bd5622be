/** Words that begin or end something: as names they stand in backquotes. */
const reservedWords: ReadonlySet<string> = new Set(
  `ALTER AND AS ASC BETWEEN BY CALL CONTAINS COPY CREATE DELETE DESC DISTINCT DROP ENDS EXPLAIN FALSE FROM
   HYPEREDGE IF IN INSERT INTO IS LIMIT MATCH NOT NULL ON OR ORDER RETURN SET SHOW SKIP STARTS TABLE TRUE
   UNWIND UPDATE VALUES WHERE WITH`.split(/\s+/),
)

export function isReserved(word: string): boolean {
  return reservedWords.has(word.toUpperCase())
}
