/** The bounds of this package; who uses it may set lower ones. The addon holds the same. */
export const limits = {
  dimensionMax: 8192,
  mMin: 4,
  mMax: 128,
  /** Of efConstruction, ef and k: candidates of one traversal. */
  efMax: 20_000,
  /** Of a stored number, either sign: beyond it squared distances would not be finite any more. */
  magnitudeMax: 1e15,
  /** The same for `f16` and `i8`, except under cosine: the largest that half precision has. */
  halfMax: 65_504,
  /** Threads of each pool. */
  threadsMax: 256,
} as const
