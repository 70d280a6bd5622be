import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadLakehouseConfig } from '../src/index.ts'

const example = new URL('../../../lakehouse.toml', import.meta.url)

test('lakehouse.toml names every setting, each with its default, all commented out', async () => {
  const text = await readFile(example, 'utf8')
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-toml-'))
  try {
    const path = join(directory, 'all.toml')
    await writeFile(path, text.replace(/^# (?=\w+ = )/gm, ''))
    const defaults = loadLakehouseConfig({ environment: {}, path: null }).settings
    // Some have no default: their lines show an example, which stays commented out.
    const hasDefault = ({ value }: { value: unknown }) => value !== undefined
    const bare = defaults.filter((setting) => !hasDefault(setting))
    for (const { key } of bare) expect(text).toContain(`\n# ${key} = `)
    const lines = (await readFile(path, 'utf8')).split('\n')
    const isBare = (line: string) => bare.some(({ key }) => line.startsWith(`${key} = `))
    await writeFile(path, lines.filter((line) => !isBare(line)).join('\n'))
    const written = loadLakehouseConfig({ environment: {}, path }).settings
    const values = (settings: typeof written) => settings.map(({ source: _, ...rest }) => rest)
    expect(values(written)).toEqual(values(defaults))
    for (const setting of written.filter(hasDefault)) {
      expect([setting.table, setting.key, setting.source.kind]).toEqual([
        setting.table,
        setting.key,
        'file',
      ])
    }
    expect(loadLakehouseConfig({ environment: {}, path: example.pathname }).settings).toEqual(
      defaults,
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('every fault of every table is told at once', () => {
  const environment = {
    HYPERMESH_GATEWAY__PORT: 'http',
    HYPERMESH_GATEWAY__CIDRS: '10.0.0.0/99',
    HYPERMESH_LIMITS__KEYS_MAX: '0',
    HYPERMESH_LOG__LEVEL: 'loud',
    HYPERMESH_CATALOG__CHECKPOINT_EVRY: '5',
  }
  const load = () => loadLakehouseConfig({ environment, path: null })
  expect(load).toThrowError(/5 faults/)
  for (const name of Object.keys(environment)) expect(load).toThrowError(name)
  expect(load).toThrowError('did you mean HYPERMESH_CATALOG__CHECKPOINT_EVERY?')
})
