import { microsToText } from '@hypermesh/engine'
import { toJsonText } from '../json-nodes.ts'
import type { MeasureCell, MeasureResult } from './measures.ts'

/** The result as the JSON of an answer. */
export function toResultText(result: MeasureResult): string {
  const { columns, rows } = result
  const cellText = columns.map(({ type }) => (type === 'timestamp' ? instantText : toJsonText))
  const texts = rows.map(
    (row) => `[${row.map((cell, at) => cellText[at]?.(cell) ?? 'null').join(',')}]`,
  )
  const facts = JSON.stringify(
    {
      row_count: result.rowCount,
      summary: result.summary,
      approximate: result.approximate,
      options: result.options,
      nodes: result.nodes,
      hyperedges: result.hyperedges,
      incidences: result.incidences,
      left_out: result.leftOut,
      seq: result.seq,
      elapsed_ms: result.elapsedMs,
    },
    (_, value: unknown) => (typeof value === 'bigint' ? { int: String(value) } : value),
  )
  const head = `"measure":${JSON.stringify(result.measure)},"columns":${JSON.stringify(columns)}`
  return `{${head},"rows":[${texts.join(',')}],${facts.slice(1)}`
}

function instantText(cell: MeasureCell): string {
  return cell === null ? 'null' : JSON.stringify(microsToText(BigInt(cell)))
}
