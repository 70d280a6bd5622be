import fc from 'fast-check'

/**
 * With SEED set, as the gate sets it, properties draw the same values each time, so that it judges the
 * change alone. Without, each run draws new ones; a failure prints its seed either way.
 */
const seed = process.env.SEED
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) })
