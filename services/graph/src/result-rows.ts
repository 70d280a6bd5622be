import { type ColumnBatch, microsNever, microsToText } from '@hypermesh/engine'
import { toJsonText } from './json-nodes.ts'

/** A column of a result: its name there, its name in the answer, and whether it is an instant. */
export interface ResultField {
  readonly column: string
  readonly name: string
  readonly isInstant: boolean
}

/** Rows of figures, walks and pairs as JSON texts. */
export function resultTexts<Row>(
  batch: ColumnBatch<Row>,
  fields: readonly ResultField[],
): string[] {
  const cells = fields.map((field) => {
    const head = `${JSON.stringify(field.name)}:`
    const values = batch.values(field.column)
    const { values: micros } = batch.column(field.column)
    if (!field.isInstant || !(micros instanceof BigInt64Array)) {
      return (row: number) => head + toJsonText(values[row])
    }
    return (row: number) => {
      const instant = micros[row] ?? microsNever
      // Null also where there was nothing to take the least or greatest of.
      const has = values[row] !== null && instant !== microsNever
      return has ? `${head}"${microsToText(instant)}"` : `${head}null`
    }
  })
  return Array.from(
    { length: batch.rowCount },
    (_, row) => `{${cells.map((cell) => cell(row)).join(',')}}`,
  )
}

/** The fields that end every such answer. */
export function factsText<Row>(batch: ColumnBatch<Row>): string {
  const { truncated, snapshotSeq, rowsExamined } = batch
  return `"truncated":${JSON.stringify(truncated)},"seq":${snapshotSeq},"examined":${rowsExamined}`
}
