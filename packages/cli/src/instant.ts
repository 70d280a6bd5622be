/** An RFC 3339 instant as `2024-01-31 12:00:00Z`. */
export function formatInstant(text: string): string {
  return text.replace('T', ' ').replace(/\.\d+/, '')
}
