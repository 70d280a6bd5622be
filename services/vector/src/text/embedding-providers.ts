import { HyperMeshError } from '@hypermesh/contract'
import type { Clock } from '@hypermesh/kit'
import type { EmbeddingConfig } from './embedding-config.ts'
import type { EmbeddingProvider } from './embedding-provider.ts'
import { OpenAiEmbeddings } from './openai-embeddings.ts'
import { StaticEmbeddings, staticProviderName } from './static-embeddings.ts'
import { readWordVectors } from './word-vectors.ts'

const wordVectorsFile = new URL('../../word-vectors/static-en.bin', import.meta.url)

/** The configured providers and the embedded one, whose words are read when first asked for. */
export class EmbeddingProviders {
  readonly #endpoints: ReadonlyMap<string, EmbeddingProvider>
  #static: Promise<EmbeddingProvider> | undefined

  constructor(config: EmbeddingConfig, clock: Clock) {
    this.#endpoints = new Map(
      Object.entries(config).map(([name, endpoint]) => [
        name,
        new OpenAiEmbeddings({ ...endpoint, name, clock }),
      ]),
    )
  }

  get names(): readonly string[] {
    return [staticProviderName, ...this.#endpoints.keys()]
  }

  async get(name: string): Promise<EmbeddingProvider> {
    if (name === staticProviderName) return this.#openStatic()
    const provider = this.#endpoints.get(name)
    if (provider !== undefined) return provider
    const names = this.names.join(', ')
    throw new HyperMeshError('invalid', `no embedding is named ${name}; there are ${names}`, {
      details: { embedding: name, embeddings: this.names },
    })
  }

  #openStatic(): Promise<EmbeddingProvider> {
    this.#static ??= readWordVectors(wordVectorsFile).then(
      (words) => new StaticEmbeddings(words),
      (error) => {
        this.#static = undefined
        throw error
      },
    )
    return this.#static
  }
}
