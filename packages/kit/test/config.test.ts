import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { HyperMeshError } from '@hypermesh/contract'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig, Secret, secret } from '../src/index.ts'

const schemas = {
  lakehouse: z.strictObject({ dataDir: z.string().default('data') }),
  gateway: z.strictObject({
    port: z.number().int().min(0).max(65535).default(3210),
    host: z.string().default('127.0.0.1'),
    metricsOpen: z.boolean().default(false),
    cidrs: z.array(z.string()).default([]),
  }),
  client: z.strictObject({ key: secret.optional() }),
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-config-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function file(text: string): Promise<string> {
  const path = join(directory, 'lakehouse.toml')
  await writeFile(path, text)
  return path
}

function faultsOf(load: () => unknown): readonly string[] {
  try {
    load()
  } catch (error) {
    if (error instanceof HyperMeshError) return error.details?.faults as string[]
    throw error
  }
  return []
}

describe('configuration', () => {
  test('has the default where nothing sets a value, and says so', () => {
    const { values, settings } = loadConfig({ schemas, environment: {} })
    expect(values.gateway.port).toBe(3210)
    expect(settings.find((setting) => setting.key === 'metrics_open')).toEqual({
      table: 'gateway',
      key: 'metrics_open',
      value: false,
      source: { kind: 'default' },
    })
  })

  test('takes flags over the environment over the file', async () => {
    const path = await file('[gateway]\nport = 1\nhost = "a"\nmetrics_open = true\n')
    const { values, settings } = loadConfig({
      schemas,
      path,
      environment: { HYPERMESH_GATEWAY__PORT: '2', HYPERMESH_GATEWAY__HOST: 'b' },
      flags: [{ table: 'gateway', key: 'port', value: 3, name: '--port' }],
    })
    expect(values.gateway).toMatchObject({ port: 3, host: 'b', metricsOpen: true })
    expect(Object.fromEntries(settings.map(({ key, source }) => [key, source.kind]))).toMatchObject(
      { port: 'flag', host: 'env', metrics_open: 'file', cidrs: 'default' },
    )
  })

  test('reads the environment by the type of the setting', () => {
    const environment = {
      HYPERMESH_GATEWAY__HOST: '8080',
      HYPERMESH_GATEWAY__METRICS_OPEN: 'true',
      HYPERMESH_GATEWAY__CIDRS: '10.0.0.0/8, ::1/128',
      HYPERMESH_LAKEHOUSE__DATA_DIR: '/data',
    }
    const { values } = loadConfig({ schemas, environment })
    expect(values.gateway).toMatchObject({
      host: '8080',
      metricsOpen: true,
      cidrs: ['10.0.0.0/8', '::1/128'],
    })
    const list = { HYPERMESH_GATEWAY__CIDRS: '["a", "b"]' }
    expect(loadConfig({ schemas, environment: list }).values.gateway.cidrs).toEqual(['a', 'b'])
  })

  test('tells every fault at once, an unknown name with the nearest known', async () => {
    const path = await file(
      '[gatway]\nport = 1\n[gateway]\nprot = 1\nhost = 5\n[lakehouse]\ndata_dir = "x"\n',
    )
    const faults = faultsOf(() =>
      loadConfig({
        schemas,
        path,
        environment: {
          HYPERMESH_GATEWAY__PORT: '70000',
          HYPERMESH_GATEWAY__METRIC_OPEN: 'true',
        },
      }),
    )
    expect(faults).toHaveLength(5)
    const text = faults.join('\n')
    expect(text).toContain('unknown table [gatway]; did you mean gateway?')
    expect(text).toContain('[gateway] has no key prot; did you mean port?')
    expect(text).toContain('[gateway] host: ')
    expect(text).toContain('environment HYPERMESH_GATEWAY__PORT: [gateway] port: ')
    expect(text).toContain('did you mean HYPERMESH_GATEWAY__METRICS_OPEN?')
  })

  test('leaves variables alone that a container platform injects', () => {
    const environment = { HYPERMESH_PORT: 'tcp://10.0.0.1:3210', HYPERMESH_SERVICE_HOST: 'x' }
    expect(loadConfig({ schemas, environment }).values.gateway.port).toBe(3210)
  })

  test('names line and column of what is no TOML', async () => {
    const path = await file('[gateway]\nport = = 1\n')
    expect(faultsOf(() => loadConfig({ schemas, path, environment: {} }))[0]).toMatch(/:2:\d+: /)
  })

  test('misses a file only where it was asked for', () => {
    const path = join(directory, 'none.toml')
    expect(faultsOf(() => loadConfig({ schemas, path, environment: {} }))).toHaveLength(1)
    const options = { schemas, path, pathOptional: true, environment: {} }
    expect(loadConfig(options).values.gateway.port).toBe(3210)
  })

  test('cannot be changed once loaded', () => {
    const { values } = loadConfig({ schemas, environment: {} })
    expect(() => (values.gateway.cidrs as string[]).push('x')).toThrow(TypeError)
  })
})

describe('a secret', () => {
  test('is read from a file and prints as stars everywhere', async () => {
    const path = join(directory, 'secret')
    await writeFile(path, 'hunter2\n')
    const environment = { HYPERMESH_CLIENT__KEY: `file:${path}` }
    const { values, settings } = loadConfig({ schemas, environment })
    const { key } = values.client
    expect(key).toBeInstanceOf(Secret)
    expect(key?.reveal()).toBe('hunter2')
    const shown = `${key} ${JSON.stringify(settings)} ${inspect(values, { depth: 9 })}`
    expect(shown).not.toContain('hunter2')
    expect(shown).toContain('***')
  })

  test('whose file is missing is a fault', () => {
    const environment = { HYPERMESH_CLIENT__KEY: 'file:/nowhere/at/all' }
    expect(faultsOf(() => loadConfig({ schemas, environment }))[0]).toContain('cannot be read')
  })
})
