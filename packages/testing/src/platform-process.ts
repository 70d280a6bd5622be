import { type Clock, createLogger, type Logger } from '@hypermesh/kit'
import { type Lakehouse, loadLakehouseConfig, startLakehouse } from '@hypermesh/lakehouse'

export type PlatformConfig = Readonly<Record<string, Readonly<Record<string, unknown>>>>
export const topologies = ['one-process', 'split'] as const
export type Topology = (typeof topologies)[number]

export interface PlatformOptions {
  /** Split: gateway and storage, catalog, ingest, query, vector and graph apart, with loopback between them. */
  readonly topology?: Topology
  /** Tables and keys of lakehouse.toml in camelCase, over the defaults. */
  readonly config?: PlatformConfig
  /** True: it listens on a port of the system's choice, see `url`. */
  readonly network?: boolean
  /** An existing data directory; it is kept. Else a temporary one, removed at the end. */
  readonly directory?: string
  readonly keepDirectory?: boolean
  readonly clock?: Clock
  /** Silent by default. */
  readonly logger?: Logger
}

/** One process of a platform, in this one: `part` is what it has in place of the common settings. */
export function startProcess(
  directory: string,
  options: PlatformOptions,
  part: PlatformConfig = {},
): Promise<Lakehouse> {
  const overrides = mergeConfig({ gateway: { port: 0 } }, options.config, part)
  const flags = Object.entries(overrides).flatMap(([table, values]) =>
    Object.entries(values).map(([key, value]) => ({ table, key, value, name: 'test' })),
  )
  const { values } = loadLakehouseConfig({
    environment: {},
    path: null,
    flags: [...flags, { table: 'lakehouse', key: 'dataDir', value: directory, name: 'test' }],
  })
  return startLakehouse({
    config: values,
    network: options.network ?? false,
    logger: options.logger ?? createLogger('silent'),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  })
}

function mergeConfig(...configs: readonly (PlatformConfig | undefined)[]): PlatformConfig {
  const merged: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const config of configs) {
    for (const [table, values] of Object.entries(config ?? {})) {
      merged[table] = { ...merged[table], ...values }
    }
  }
  return merged
}
