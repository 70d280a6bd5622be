import { resolve } from 'node:path'
import { limits } from '@hypermesh/contract'
import { authConfigSchema, gatewayConfigSchema } from '@hypermesh/gateway'
import {
  type ConfigFlag,
  type ConfigValues,
  type LoadedConfig,
  loadConfig,
  logLevels,
  secret,
} from '@hypermesh/kit'
import { z } from 'zod'
import { servicesConfigSchema, targetSchema } from './target.ts'
import { serviceConfigSchemas } from './topology.ts'

/** Every table of lakehouse.toml, each with the schema of its owner. */
const schemas = {
  lakehouse: z.strictObject({
    dataDir: z.string().min(1).default('data').describe('where everything is kept'),
    target: targetSchema,
  }),
  services: servicesConfigSchema,
  gateway: gatewayConfigSchema,
  auth: authConfigSchema,
  ...serviceConfigSchemas,
  limits,
  log: z.strictObject({
    level: z.enum(logLevels).default('info').describe('the least that is logged'),
  }),
  client: z.strictObject({
    url: z.url().optional().describe('the server that the command line talks to'),
    key: secret.optional().describe('its API key; file:/path reads it from there'),
  }),
}

export type LakehouseConfig = ConfigValues<typeof schemas>

export interface LakehouseConfigOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /**
   * Given by the user, so it must be there. Undefined: `lakehouse.toml` where there is one. Null: no
   * file is read.
   */
  readonly path?: string | null | undefined
  readonly flags?: readonly ConfigFlag[]
}

/** The effective configuration, and where each value of it came from. Throws with every fault. */
export function loadLakehouseConfig(options: LakehouseConfigOptions): LoadedConfig<typeof schemas> {
  return loadConfig({
    schemas,
    environment: options.environment,
    path: options.path === null ? undefined : (options.path ?? 'lakehouse.toml'),
    pathOptional: options.path === undefined,
    flags: options.flags ?? [],
  })
}

/** Relative ones are taken from where the process was started. */
export function dataDirectoryOf(config: LakehouseConfig): string {
  return resolve(config.lakehouse.dataDir)
}
