/** The bounds of this package; who uses it may set lower ones. The addon holds the same. */
export const limits = {
  dimensionMax: 8192,
  mMin: 4,
  mMax: 128,
  /** Of efConstruction, ef and k: candidates of one traversal. */
  efMax: 20_000,
  /** Threads of each pool. */
  threadsMax: 256,
} as const
