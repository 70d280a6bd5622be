import { z } from 'zod'

export const health = z.object({ status: z.literal('ok') })
export const readiness = z.object({
  status: z
    .enum(['ready', 'starting', 'stopping', 'degraded'])
    .describe('degraded: a service in another process cannot serve'),
  version: z.string(),
  services: z
    .record(z.string(), z.enum(['ready', 'starting', 'unreachable']))
    .optional()
    .describe('those that run in other processes'),
})
