import type { Run } from './computation.ts'
import { Random } from './random.ts'
import { symmetricEigen } from './symmetric-eigen.ts'

/** A symmetric matrix as what it does to a vector: `target` becomes its product with `source`. */
export interface SymmetricOperator {
  readonly order: number
  apply(source: Float64Array, target: Float64Array): void
}

export interface GreatestEigenvalue {
  readonly value: number
  /** ‖Av − λv‖ of the unit vector found. */
  readonly residual: number
  readonly iterations: number
}

const basisMax = 40
const kept = 12
const seed = 1

/**
 * The greatest eigenvalue among vectors at right angles to `excluded`, a unit vector: by the
 * Krylov–Schur method (Stewart 2002), which for symmetric matrices is thick-restart Lanczos.
 */
export function greatestEigenvalue(
  operator: SymmetricOperator,
  excluded: Float64Array,
  { tolerance, iterationsMax, run }: { tolerance: number; iterationsMax: number; run: Run },
): GreatestEigenvalue {
  const { order } = operator
  const width = Math.min(basisMax, order - 1)
  let basis = Array.from({ length: width + 1 }, () => run.budget.float64(order))
  const spare = Array.from({ length: Math.min(kept, width) }, () => run.budget.float64(order))
  const small = new Float64Array(width * width)
  const random = new Random(seed)
  const drawn = (vector: Float64Array, others: readonly Float64Array[]) => {
    for (let at = 0; at < order; at++) vector[at] = random.unit() - 0.5
    orthogonalize(vector, [excluded, ...others])
    scale(vector, 1 / norm(vector))
  }
  drawn(at(basis, 0), [])
  let iterations = 0
  for (let from = 0; ; ) {
    let coupling = 0
    for (let column = from; column < width; column++) {
      const next = at(basis, column + 1)
      operator.apply(at(basis, column), next)
      iterations++
      const before = norm(next)
      const known = basis.slice(0, column + 1)
      const parts = orthogonalize(next, [excluded, ...known])
      for (let row = 0; row <= column; row++) {
        small[row * width + column] = at(parts, row + 1)
        small[column * width + row] = at(parts, row + 1)
      }
      coupling = norm(next)
      if (coupling > before * 1e-13) {
        scale(next, 1 / coupling)
        continue
      }
      // Nothing new: what is found is invariant, and another direction goes on.
      coupling = 0
      if (column + 1 < width) drawn(next, known)
    }
    const { values, vectors } = symmetricEigen(small.slice(), width)
    const residual = Math.abs(coupling * (vectors[width - 1] as number))
    run.progress('eigenvalues', Math.min(1, iterations / iterationsMax))
    const greatest = values[0] as number
    const isFound = residual <= tolerance || width === order - 1
    if (isFound || iterations >= iterationsMax) return { value: greatest, residual, iterations }
    from = spare.length
    rotateBasis(basis, spare, vectors)
    const last = at(basis, width)
    basis = [...spare.splice(0), last, ...basis.slice(0, width)]
    spare.push(...basis.splice(width + 1, from))
    small.fill(0)
    for (let i = 0; i < from; i++) small[i * width + i] = values[i] as number
  }
}

/** `target` becomes the first rows of `vectors` times the basis. */
function rotateBasis(
  basis: readonly Float64Array[],
  target: readonly Float64Array[],
  vectors: Float64Array,
): void {
  const width = basis.length - 1
  for (const [row, result] of target.entries()) {
    result.fill(0)
    for (let i = 0; i < width; i++) {
      addScaled(result, at(basis, i), vectors[row * width + i] as number)
    }
  }
}

/** Takes from the vector what it has of the others, twice for rounding; returns how much of each. */
function orthogonalize(vector: Float64Array, others: readonly Float64Array[]): number[] {
  const parts = others.map(() => 0)
  for (let pass = 0; pass < 2; pass++) {
    for (const [i, other] of others.entries()) {
      const part = dot(vector, other)
      addScaled(vector, other, -part)
      parts[i] = at(parts, i) + part
    }
  }
  return parts
}

export function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}

export function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let i = 0; i < left.length; i++) sum += (left[i] as number) * (right[i] as number)
  return sum
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) {
    target[i] = (target[i] as number) + (source[i] as number) * factor
  }
}

/** Within the bounds. */
function at<Value>(values: readonly Value[], place: number): Value {
  return values[place] as Value
}
