import {
  HyperMeshError,
  type Limits,
  parseIdentifier,
  printable,
  type RunSavedRequest,
  type SavedParameter,
  type SavedQuery,
  type SqlParameter,
  savedQuery,
  saveQueryRequest,
} from '@hypermesh/contract'
import type { Clock } from '@hypermesh/kit'
import type { ObjectStore } from '@hypermesh/object-store'
import type { z } from 'zod'
import { DefinitionStore } from './definition-store.ts'
import type { QueryEngine, RunRequest } from './query-engine.ts'

type Caller = Pick<RunRequest, 'peers' | 'principal' | 'signal'>
type Parameters = Readonly<Record<string, SqlParameter>>

export interface SavedQueriesOptions {
  readonly engine: QueryEngine
  readonly store: ObjectStore
  readonly limits: Limits
  readonly clock: Clock
}

/** Statements kept by name, with parameters that have types. */
export class SavedQueries {
  readonly #options: SavedQueriesOptions
  readonly #definitions: DefinitionStore<SavedQuery>

  constructor(options: SavedQueriesOptions) {
    this.#options = options
    const { store } = options
    const [prefix, what] = ['query/saved', 'saved query']
    this.#definitions = new DefinitionStore({ store, prefix, schema: savedQuery, what })
  }

  /**
   * Keeps the statement after it was checked against the tables of now: names, columns, types and
   * parameters. What stands in an AT clause is checked by its default.
   */
  async save(
    name: string,
    body: z.input<typeof saveQueryRequest>,
    caller: Caller & { readonly createOnly: boolean },
  ): Promise<SavedQuery> {
    const { engine, clock, limits } = this.#options
    parseIdentifier(name)
    const request = saveQueryRequest.parse(body)
    assertDistinct(request.parameters)
    const defaults = request.parameters.map(({ name, type, default: value = null }) => {
      return [name, { type, value }] as const
    })
    const { createOnly, ...rest } = caller
    const parameters = Object.fromEntries(defaults)
    await engine.check({ ...rest, sql: request.sql, namespace: request.namespace, parameters })
    const saved = { name, ...request, updatedAt: new Date(clock.nowMs()).toISOString() }
    if (createOnly) await this.#definitions.create(name, saved, limits.savedQueriesMax)
    else await this.#definitions.replace(name, saved, limits.savedQueriesMax)
    return saved
  }

  async get(name: string): Promise<SavedQuery> {
    parseIdentifier(name)
    return this.#definitions.get(name)
  }

  async list(): Promise<SavedQuery[]> {
    return this.#definitions.list()
  }

  async delete(name: string): Promise<void> {
    parseIdentifier(name)
    await this.#definitions.delete(name)
  }

  /** The request of `/v1/sql` that the saved query is. */
  async toRequest(name: string, { parameters = {}, ...rest }: RunSavedRequest) {
    const saved = await this.get(name)
    return {
      ...rest,
      sql: saved.sql,
      ...(saved.namespace === undefined ? {} : { namespace: saved.namespace }),
      ...(saved.parameters.length === 0 && Object.keys(parameters).length === 0
        ? {}
        : { parameters: bindTyped(saved.parameters, parameters) }),
    }
  }
}

function bindTyped(declared: readonly SavedParameter[], given: Parameters): Parameters {
  const known = new Set(declared.map(({ name }) => name))
  const unknown = Object.keys(given).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw wrong(`the saved query has no parameter ${printable(unknown)}`, unknown)
  }
  return Object.fromEntries(
    declared.map(({ name, type, default: otherwise }) => {
      const value = Object.hasOwn(given, name) ? given[name] : otherwise
      if (value === undefined) throw wrong(`the parameter ${name} (${type}) needs a value`, name)
      return [name, { type, value: textOf(value) }]
    }),
  )
}

/** Whatever form it is given in, it is read as the type that the saved query names. */
function textOf(value: SqlParameter): string | null {
  if (value === null || typeof value === 'string') return value
  if (Array.isArray(value)) return JSON.stringify(value)
  return typeof value === 'object' ? value.value : String(value)
}

function assertDistinct(parameters: readonly SavedParameter[]): void {
  const names = parameters.map(({ name }) => name)
  const again = names.find((name, index) => names.indexOf(name) !== index)
  if (again !== undefined) throw wrong(`two parameters are called ${again}`, again)
}

function wrong(message: string, parameter: string): HyperMeshError {
  return new HyperMeshError('invalid', message, { details: { reason: 'parameter', parameter } })
}
