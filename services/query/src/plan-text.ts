/**
 * A plan as DuckDB draws it, in boxes beside each other, without the names of the files read: they
 * are paths of this server. A list of names goes from its title to the next empty line of its box.
 */
export function hideFileNames(plan: string): string {
  const hiding = new Set<number>()
  return plan
    .split('\n')
    .map((line) => hideInLine(line, hiding))
    .join('\n')
}

function hideInLine(line: string, hiding: Set<number>): string {
  if (!line.includes('│')) {
    hiding.clear()
    return line
  }
  let column = 0
  const cells = line.split('│').map((cell) => {
    const start = column
    column += cell.length + 1
    const text = cell.trim()
    if (text === 'Filename(s):') hiding.add(start)
    else if (text === '') hiding.delete(start)
    return hiding.has(start) ? ' '.repeat(cell.length) : cell
  })
  return cells.join('│')
}
