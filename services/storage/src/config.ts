import { z } from 'zod'

/** `[storage]` has no keys: where objects lie follows from the data directory. */
export const storageConfig = z.strictObject({})
