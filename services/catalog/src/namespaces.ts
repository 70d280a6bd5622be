import { HyperMeshError, type Limits, parseIdentifier } from '@hypermesh/contract'
import { requireRole } from '@hypermesh/kit'
import type { Caller } from './caller.ts'
import { alreadyExists, namespaceNotEmpty, noSuchNamespace } from './catalog-errors.ts'
import type { CatalogState, NamespaceEntry } from './catalog-state.ts'
import type { CatalogStore } from './catalog-store.ts'
import type { StoredAnswer } from './commit-record.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'

export interface PropertyChanges {
  readonly removals: readonly string[]
  readonly updates: Readonly<Record<string, string>>
}

/** Namespaces of one level, with properties. */
export class Namespaces {
  readonly #store: CatalogStore
  readonly #limits: Limits

  constructor(store: CatalogStore, limits: Limits) {
    this.#store = store
    this.#limits = limits
  }

  async list(page: PageRequest): Promise<Page<NamespaceEntry>> {
    const state = await this.#store.latest()
    const { catalogPageMax } = this.#limits
    return pageOf(state.namespaces(), (entry) => entry.namespace, page, catalogPageMax)
  }

  async load(namespace: string): Promise<NamespaceEntry> {
    const entry = (await this.#store.latest()).namespace(namespace)
    if (entry === undefined) throw noSuchNamespace(namespace)
    return entry
  }

  async create(
    caller: Caller,
    name: string,
    properties: Readonly<Record<string, string>>,
  ): Promise<NamespaceEntry> {
    requireRole(caller.principal, 'writer')
    const namespace = parseIdentifier(name)
    this.#checkProperties(properties)
    const { result } = await this.#store.commit({
      caller,
      build: async (state) => {
        if (state.namespace(namespace)) throw alreadyExists(`namespace ${namespace}`)
        if (state.namespaceCount >= this.#limits.namespacesMax) {
          throw new HyperMeshError('too_large', `no more than ${state.namespaceCount} namespaces`)
        }
        return {
          changes: [{ kind: 'put-namespace', namespace, properties: { ...properties } }],
          result: { namespace, properties },
          answer: namespaceAnswer({ namespace, properties }),
          holds: (now) => now.namespace(namespace) === undefined,
        }
      },
    })
    return result
  }

  async drop(caller: Caller, namespace: string): Promise<void> {
    requireRole(caller.principal, 'writer')
    await this.#store.commit({
      caller,
      build: async (state) => {
        const entry = state.namespace(namespace)
        if (entry === undefined) throw noSuchNamespace(namespace)
        if (!isEmpty(state, namespace)) throw namespaceNotEmpty(entry.namespace)
        return {
          changes: [{ kind: 'drop-namespace', namespace: entry.namespace }],
          result: undefined,
          // A table created meanwhile must not vanish with its namespace.
          holds: (now) => now.namespace(namespace) === entry && isEmpty(now, namespace),
        }
      },
    })
  }

  async updateProperties(caller: Caller, namespace: string, changes: PropertyChanges) {
    requireRole(caller.principal, 'writer')
    const both = changes.removals.filter((key) => Object.hasOwn(changes.updates, key))
    if (both.length > 0) {
      throw new HyperMeshError('invalid_name', `both removed and updated: ${both.join(', ')}`)
    }
    const { result } = await this.#store.commit({
      caller,
      build: async (state) => {
        const entry = state.namespace(namespace)
        if (entry === undefined) throw noSuchNamespace(namespace)
        const properties: Record<string, string> = { ...entry.properties, ...changes.updates }
        for (const key of changes.removals) delete properties[key]
        this.#checkProperties(properties)
        const result = {
          updated: Object.keys(changes.updates),
          removed: changes.removals.filter((key) => Object.hasOwn(entry.properties, key)),
          missing: changes.removals.filter((key) => !Object.hasOwn(entry.properties, key)),
        }
        return {
          changes: [{ kind: 'put-namespace', namespace: entry.namespace, properties }],
          result,
          answer: { kind: 'body', status: 200, body: result },
          holds: (now) => now.namespace(namespace) === entry,
        }
      },
    })
    return result
  }

  #checkProperties(properties: Readonly<Record<string, string>>): void {
    if (Object.keys(properties).length > this.#limits.propertiesMax) {
      throw new HyperMeshError('too_large', `more than ${this.#limits.propertiesMax} properties`)
    }
  }
}

function isEmpty(state: CatalogState, namespace: string): boolean {
  return state.tables(namespace).length === 0 && state.views(namespace).length === 0
}

function namespaceAnswer({ namespace, properties }: NamespaceEntry): StoredAnswer {
  return { kind: 'body', status: 200, body: { namespace: [namespace], properties } }
}
