/**
 * All eigenvalues of a small symmetric matrix, the greatest first, with their vectors as rows: by
 * cyclic Jacobi rotations (Golub and Van Loan, 8.5). `matrix` is row by row, and is used up.
 */
export function symmetricEigen(
  matrix: Float64Array,
  order: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const rows = new Float64Array(order * order)
  for (let i = 0; i < order; i++) rows[i * order + i] = 1
  for (let sweep = 0; sweep < 60 && offDiagonal(matrix, order) > 0; sweep++) {
    for (let p = 0; p < order - 1; p++) {
      for (let q = p + 1; q < order; q++) rotate(matrix, rows, { order, p, q })
    }
  }
  const byValue = Array.from({ length: order }, (_, i) => i)
  byValue.sort((a, b) => (matrix[b * order + b] as number) - (matrix[a * order + a] as number))
  const values = new Float64Array(order)
  const vectors = new Float64Array(order * order)
  for (const [rank, i] of byValue.entries()) {
    values[rank] = matrix[i * order + i] as number
    vectors.set(rows.subarray(i * order, (i + 1) * order), rank * order)
  }
  return { values, vectors }
}

/** The largest beside the diagonal, where it still counts. */
function offDiagonal(matrix: Float64Array, order: number): number {
  let largest = 0
  let scale = 0
  for (let i = 0; i < order; i++) {
    scale = Math.max(scale, Math.abs(matrix[i * order + i] as number))
    for (let j = 0; j < i; j++)
      largest = Math.max(largest, Math.abs(matrix[i * order + j] as number))
  }
  return largest > scale * 1e-16 ? largest : 0
}

function rotate(
  matrix: Float64Array,
  rows: Float64Array,
  { order, p, q }: { readonly order: number; readonly p: number; readonly q: number },
): void {
  const apq = matrix[p * order + q] as number
  if (apq === 0) return
  const theta = ((matrix[q * order + q] as number) - (matrix[p * order + p] as number)) / (2 * apq)
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  for (let k = 0; k < order; k++) {
    const left = matrix[k * order + p] as number
    const right = matrix[k * order + q] as number
    matrix[k * order + p] = cosine * left - sine * right
    matrix[k * order + q] = sine * left + cosine * right
  }
  for (const target of [matrix, rows]) {
    for (let k = 0; k < order; k++) {
      const left = target[p * order + k] as number
      const right = target[q * order + k] as number
      target[p * order + k] = cosine * left - sine * right
      target[q * order + k] = sine * left + cosine * right
    }
  }
}
