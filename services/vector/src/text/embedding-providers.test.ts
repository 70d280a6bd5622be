import { systemClock } from '@hypermesh/kit'
import { describe, expect, test } from 'vitest'
import { embeddingConfigSchema } from './embedding-config.ts'
import { EmbeddingProviders } from './embedding-providers.ts'

const endpoint = { url: 'http://127.0.0.1:1/v1', model: 'm-1', dimension: 8 }

describe('configuration', () => {
  test('takes an endpoint by its name, with defaults, and hides its key', () => {
    const config = embeddingConfigSchema.parse({ mine: { ...endpoint, api_key: 'sk-secret' } })
    expect(config.mine).toMatchObject({ batchTexts: 64, timeoutMs: 30_000, attempts: 4 })
    expect(JSON.stringify(config)).not.toContain('sk-secret')
    expect(config.mine?.apiKey?.reveal()).toBe('sk-secret')
    expect(embeddingConfigSchema.parse(undefined)).toEqual({})
  })

  test.each([
    ['the name of the embedded one', { static: endpoint }],
    ['a name that is none', { 'my endpoint': endpoint }],
    ['no dimension', { mine: { url: endpoint.url, model: 'm' } }],
    ['no http', { mine: { ...endpoint, url: 'file:///etc/passwd' } }],
    ['an unknown key', { mine: { ...endpoint, apikey: 'x' } }],
    ['a key that is not there', { mine: { ...endpoint, api_key: 'file:/nowhere/key' } }],
  ])('refuses %s', (_, config) => {
    expect(embeddingConfigSchema.safeParse(config).success).toBe(false)
  })
})

const providers = new EmbeddingProviders(
  embeddingConfigSchema.parse({ mine: endpoint }),
  systemClock,
)

test('the embedded one is always there, and opened once', async () => {
  expect(providers.names).toEqual(['static', 'mine'])
  const provider = await providers.get('static')
  expect(provider.dimension).toBe(100)
  expect(await providers.get('static')).toBe(provider)
})

test('an unknown name is refused with those that there are', async () => {
  await expect(providers.get('other')).rejects.toMatchObject({
    code: 'invalid',
    details: { embeddings: ['static', 'mine'] },
  })
})
