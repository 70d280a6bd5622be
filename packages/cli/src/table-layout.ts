import { cutText, oneLine, padText, textWidth } from './cell-text.ts'
import type { Style } from './terminal.ts'

export interface TableColumn {
  readonly name: string
  /** Shown below the name. */
  readonly type?: string
  readonly right?: boolean
}

export interface TableOptions {
  readonly columns: readonly TableColumn[]
  /** One line of text a cell; null is shown as NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** The terminal's width; without it nothing is cut. */
  readonly width?: number | undefined
  readonly style?: (style: Style, text: string) => string
}

export interface TableText {
  readonly lines: string[]
  /** Columns left out because the terminal is too narrow for them. */
  readonly columnsHidden: number
}

/** No column is squeezed below this, unless it is that narrow by itself. */
const widthMin = 8
/** A column takes the border before it and a space on both sides; the table one border more. */
const frameWidth = 3
const nullText = 'NULL'
const gap: TableColumn = { name: '…' }

/** Draws a table in box characters. */
export function layoutTable(options: TableOptions): TableText {
  const { width, style = (_, text) => text } = options
  const natural = options.columns.map((column, index) =>
    naturalWidth(
      column,
      options.rows.map((row) => row[index] ?? null),
    ),
  )
  const shown = fitColumns(natural, width)
  const columns = shown.map((index) =>
    index === undefined ? gap : (options.columns[index] ?? gap),
  )
  const widths = fitWidths(
    shown.map((index) => (index === undefined ? 1 : (natural[index] ?? 1))),
    width,
  )
  const cell = (text: string, at: number) =>
    padText(text, widths[at] ?? 1, columns[at]?.right === true)
  const line = (cells: string[]) =>
    `${style('dim', '│')} ${cells.join(` ${style('dim', '│')} `)} ${style('dim', '│')}`
  const rule = (left: string, middle: string, right: string) =>
    style('dim', left + widths.map((each) => '─'.repeat(each + 2)).join(middle) + right)

  const lines = [
    rule('┌', '┬', '┐'),
    line(columns.map((column, at) => style('bold', cell(oneLine(column.name), at)))),
  ]
  if (options.columns.some((column) => column.type !== undefined)) {
    lines.push(line(columns.map((column, at) => style('dim', cell(typeText(column), at)))))
  }
  lines.push(rule('├', '┼', '┤'))
  for (const row of options.rows) {
    const cells = shown.map((index, at) => {
      if (index === undefined) return cell(gap.name, at)
      const text = row[index] ?? null
      return text === null ? style('dim', cell(nullText, at)) : cell(text, at)
    })
    lines.push(line(cells))
  }
  lines.push(rule('└', '┴', '┘'))
  return { lines, columnsHidden: options.columns.length - shown.filter(isIndex).length }
}

function naturalWidth(column: TableColumn, cells: (string | null)[]): number {
  let width = Math.max(
    textWidth(oneLine(column.name)),
    Math.min(textWidth(typeText(column)), 24),
    1,
  )
  for (const text of cells) width = Math.max(width, textWidth(text ?? nullText))
  return width
}

function typeText(column: TableColumn): string {
  return cutText((column.type ?? '').toLowerCase(), 24)
}

/** Which columns are shown; `undefined` stands for those left out of the middle. */
function fitColumns(natural: readonly number[], width: number | undefined): (number | undefined)[] {
  const all = natural.map((_, index) => index)
  const least = (index: number) => Math.min(natural[index] ?? 0, widthMin) + frameWidth
  const sum = (indexes: readonly number[]) =>
    indexes.reduce((total, index) => total + least(index), 1)
  if (width === undefined || sum(all) <= width) return all
  const left: number[] = []
  const right: number[] = []
  let rest = width - 1 - (1 + frameWidth)
  // From both ends inwards, the first column first.
  for (let turn = 0; turn < natural.length; turn += 1) {
    const fromLeft = turn % 2 === 0
    const index = fromLeft ? left.length : natural.length - 1 - right.length
    rest -= least(index)
    if (rest < 0 && turn > 0) break
    if (fromLeft) left.push(index)
    else right.unshift(index)
  }
  return [...left, undefined, ...right]
}

/** Shares the width: narrow columns keep theirs, wide ones are cut to one common width. */
function fitWidths(natural: readonly number[], width: number | undefined): number[] {
  if (width === undefined) return [...natural]
  let rest = width - 1 - natural.length * frameWidth
  const widths = [...natural]
  const byWidth = natural
    .map((_, index) => index)
    .sort((a, b) => (natural[a] ?? 0) - (natural[b] ?? 0))
  byWidth.forEach((index, done) => {
    const share = Math.max(1, Math.floor(rest / (natural.length - done)))
    const given = Math.min(natural[index] ?? 1, share)
    widths[index] = given
    rest -= given
  })
  return widths
}

function isIndex(index: number | undefined): index is number {
  return index !== undefined
}
