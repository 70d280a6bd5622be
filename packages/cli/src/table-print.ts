import { layoutTable, type TableColumn } from './table-layout.ts'
import type { Terminal } from './terminal.ts'

/** Prints a table that fits the terminal; returns how many columns had to be left out. */
export function printTable(
  terminal: Terminal,
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | null)[])[],
): number {
  const { lines, columnsHidden } = layoutTable({
    columns,
    rows,
    width: terminal.columns,
    style: (style, text) => terminal.style(style, text),
  })
  for (const line of lines) terminal.print(line)
  return columnsHidden
}
