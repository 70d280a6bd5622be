import { HyperMeshError, printable } from '@hypermesh/contract'
import type { ObjectStore } from '@hypermesh/object-store'
import type { z } from 'zod'

const definitionBytesMax = 16 * 1024 * 1024
const pageMax = 1000

/**
 * Named definitions, each a JSON document, replaced as a whole and read anew each time: processes
 * that share a data directory see each other's. Names are equal without regard to case.
 */
export class DefinitionStore<Definition> {
  readonly #store: ObjectStore
  readonly #prefix: string
  readonly #schema: z.ZodType<Definition>
  readonly #what: string

  constructor(options: {
    readonly store: ObjectStore
    /** Of the keys, without a slash at its end. */
    readonly prefix: string
    readonly schema: z.ZodType<Definition>
    /** For messages: "saved query". */
    readonly what: string
  }) {
    this.#store = options.store
    this.#prefix = options.prefix
    this.#schema = options.schema
    this.#what = options.what
  }

  async find(name: string): Promise<Definition | undefined> {
    try {
      const bytes = await this.#store.read(this.#keyOf(name), { bytesMax: definitionBytesMax })
      return this.#parse(name, bytes)
    } catch (error) {
      if (error instanceof HyperMeshError && error.code === 'not_found') return undefined
      throw error
    }
  }

  async get(name: string): Promise<Definition> {
    const found = await this.find(name)
    if (found !== undefined) return found
    throw new HyperMeshError('not_found', `no ${this.#what} named ${printable(name)}`)
  }

  /** In the order of their names. */
  async list(): Promise<Definition[]> {
    const found: Definition[] = []
    for (const name of await this.#names()) {
      // One that was deleted since is left out.
      const definition = await this.find(name)
      if (definition !== undefined) found.push(definition)
    }
    return found
  }

  /** Throws `exists` where there is one, and `too_large` where there are too many. */
  async create(name: string, definition: Definition, countMax: number): Promise<void> {
    await this.#assertRoom(countMax)
    await this.#store.put(this.#keyOf(name), encode(definition), { ifNoneMatch: '*' })
  }

  async replace(name: string, definition: Definition, countMax: number): Promise<void> {
    if ((await this.#store.head(this.#keyOf(name))) === undefined) await this.#assertRoom(countMax)
    await this.#store.put(this.#keyOf(name), encode(definition))
  }

  async delete(name: string): Promise<void> {
    if (await this.#store.delete(this.#keyOf(name))) return
    throw new HyperMeshError('not_found', `no ${this.#what} named ${printable(name)}`)
  }

  /** Two that come at once may both find the last place free: a bound, not a promise. */
  async #assertRoom(countMax: number): Promise<void> {
    const count = (await this.#names()).length
    if (count < countMax) return
    throw new HyperMeshError('too_large', `there are ${count} of them; at most ${countMax}`, {
      details: { countMax },
    })
  }

  async #names(): Promise<string[]> {
    const names: string[] = []
    const prefix = `${this.#prefix}/`
    for (let after: string | undefined; ; ) {
      const page = await this.#store.list({ prefix, limit: pageMax, ...(after ? { after } : {}) })
      names.push(...page.objects.map(({ key }) => key.slice(prefix.length, -'.json'.length)))
      if (page.next === null || page.next === undefined) return names
      after = page.next
    }
  }

  #keyOf(name: string): string {
    return `${this.#prefix}/${name.toLowerCase()}.json`
  }

  #parse(name: string, bytes: Uint8Array): Definition {
    try {
      return this.#schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    } catch (cause) {
      throw new HyperMeshError('corrupt', `${this.#what} ${name} cannot be read`, { cause })
    }
  }
}

function encode(definition: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(definition)}\n`)
}
