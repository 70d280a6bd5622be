import { type Limits, limits } from '@hypermesh/contract'

/** Every limit at its default. */
export const defaultLimits: Limits = Object.freeze(limits.parse({}))
