/** Quotes a text literal for SQL: the one function that does. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
