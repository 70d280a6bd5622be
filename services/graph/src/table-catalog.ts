import {
  type AlterGraphTableRequest,
  type CreateGraphTableRequest,
  type GraphTable,
  graphBucketSecondsMax,
  HyperMeshError,
  type Limits,
  parseGraphTableName,
} from '@hypermesh/contract'
import { type Database, EngineError, type Table, type TableSchema } from '@hypermesh/engine'
import { innerMember } from './inner-member.ts'

/** What is declared of a table that the engine does not keep. */
export interface TableDeclaration {
  /** The kinds of members, which are the roles that they may have; none: any. */
  readonly members: readonly string[]
  readonly bucketSeconds: number | null
}

type Declared = Map<string, { readonly id: number; readonly facts: TableDeclaration }>

const systemTable = 'hm_tables'
const nothingDeclared: TableDeclaration = { members: [], bucketSeconds: null }

/**
 * The tables of a database with what is declared of them. That stands in the database itself, in
 * `hm_tables`, one hyperedge a table: backups have it, and there is no second truth beside the log. A
 * declaration is written before its table and removed after it, so one without a table means nothing.
 */
export class TableCatalog {
  readonly #engine: Database
  readonly #limits: Limits
  readonly #declared: Declared
  /** Declarations are one after the other. */
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(engine: Database, limits: Limits, declared: Declared) {
    this.#engine = engine
    this.#limits = limits
    this.#declared = declared
  }

  /** What a new database has before it is shown: the table, and the member of its hyperedges. */
  static async create(engine: Database): Promise<void> {
    const table = await engine.createTable(systemTable, { properties: { declaration: 'string' } })
    const { id } = await table.insert({ at: 0, members: [innerMember] })
    await table.delete(id)
  }

  static async open(engine: Database, limits: Limits): Promise<TableCatalog> {
    const declared: Declared = new Map()
    if (engine.hasTable(systemTable)) {
      for await (const batch of engine.table(systemTable).pages()) {
        for (const { id, key, props } of batch.rows()) {
          // Written below.
          const facts = JSON.parse(String(props?.declaration)) as TableDeclaration
          if (key !== null) declared.set(key, { id, facts })
        }
      }
    }
    return new TableCatalog(engine, limits, declared)
  }

  /** Of users; those of the service itself are hidden. */
  get names(): string[] {
    return this.#engine.tableNames.filter((name) => !/^hm_/i.test(name))
  }

  /** A table of a user. Throws `invalid_name`, and `not_found` with the names that there are. */
  require(name: string): Table {
    const parsed = parseGraphTableName(name)
    try {
      return this.#engine.table(parsed)
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'not_found') throw error
      const names = this.names.join(', ') || 'none'
      const message = `no table "${parsed}"; there are ${names}`
      throw new HyperMeshError('not_found', message, { cause: error })
    }
  }

  declared(name: string): TableDeclaration {
    return this.#declared.get(name)?.facts ?? nothingDeclared
  }

  list(): GraphTable[] {
    return this.names.map((name) => this.describe(name))
  }

  /** Throws `not_found`. */
  describe(name: string): GraphTable {
    const schema = this.require(name).schema
    const { members, bucketSeconds } = this.declared(name)
    return {
      table: name,
      members: [...members],
      bucket_seconds: bucketSeconds,
      properties: propertiesOf(schema),
      indexes: Object.fromEntries(
        Object.entries(schema.indexes).map(([index, columns]) => [index, [...columns]]),
      ),
      ttl_ms: schema.ttlMs,
      history_ms: schema.historyMs,
      arity_max: schema.arityMax,
    }
  }

  /** Throws `exists`, also where a name differs in case only. */
  create(request: CreateGraphTableRequest): Promise<GraphTable> {
    return this.#alone(() => this.#create(request))
  }

  /** False where there is one of this very name: then it is left as it is. */
  createMissing(request: CreateGraphTableRequest): Promise<boolean> {
    return this.#alone(async () => {
      if (this.names.includes(request.table)) return false
      await this.#create(request)
      return true
    })
  }

  alter(name: string, request: AlterGraphTableRequest): Promise<GraphTable> {
    return this.#alone(async () => {
      const table = this.require(name)
      const { add_properties, bucket_seconds, ttl_ms, history_ms, arity_max } = request
      const existing = propertiesOf(table.schema)
      const missing = Object.entries(add_properties ?? {}).filter(([property, type]) => {
        if (existing[property] === undefined) return true
        if (existing[property] === type) return false
        const message = `${name} has a property ${property} of the type ${existing[property]}`
        throw new HyperMeshError('exists', message)
      })
      if (missing.length > 0) await table.addProperties(Object.fromEntries(missing))
      const options = {
        ...(ttl_ms === undefined ? {} : { ttlMs: ttl_ms }),
        ...(history_ms === undefined ? {} : { historyMs: history_ms }),
        ...(arity_max === undefined ? {} : { arityMax: arity_max }),
      }
      if (Object.keys(options).length > 0) await table.setOptions(options)
      if (bucket_seconds !== undefined) {
        await this.#declare(name, { ...this.declared(name), bucketSeconds: bucket_seconds })
      }
      return this.describe(name)
    })
  }

  drop(name: string): Promise<void> {
    return this.#alone(() => this.#drop(name))
  }

  /** False where there is none. */
  dropExisting(name: string): Promise<boolean> {
    return this.#alone(async () => {
      if (!this.names.includes(name)) return false
      await this.#drop(name)
      return true
    })
  }

  createIndex(name: string, index: string, columns: readonly string[]): Promise<GraphTable> {
    return this.#alone(async () => {
      await this.require(name).createIndex(index, columns)
      return this.describe(name)
    })
  }

  dropIndex(name: string, index: string): Promise<void> {
    return this.#alone(() => this.require(name).dropIndex(index))
  }

  async #create(request: CreateGraphTableRequest): Promise<GraphTable> {
    const { table, members = [], bucket_seconds = null, properties, indexes } = request
    const name = parseGraphTableName(table)
    this.#assertFree(name)
    await this.#declare(name, { members: [...members], bucketSeconds: bucket_seconds })
    await this.#engine.createTable(name, {
      properties: properties ?? {},
      indexes: indexes ?? {},
      ttlMs: request.ttl_ms ?? null,
      historyMs: request.history_ms ?? null,
      ...(request.arity_max === undefined ? {} : { arityMax: request.arity_max }),
    })
    return this.describe(name)
  }

  async #drop(name: string): Promise<void> {
    this.require(name)
    await this.#engine.dropTable(name)
    const known = this.#declared.get(name)
    if (known === undefined) return
    await this.#engine.table(systemTable).delete(known.id)
    this.#declared.delete(name)
  }

  #assertFree(name: string): void {
    const { names } = this
    const same = names.find((other) => other.toLowerCase() === name.toLowerCase())
    if (same !== undefined) throw new HyperMeshError('exists', `there is a table ${same} already`)
    const { graphTablesMax } = this.#limits
    if (names.length < graphTablesMax) return
    throw new HyperMeshError('too_large', `a database has at most ${graphTablesMax} tables`, {
      details: { limit: 'graph_tables_max', tablesMax: graphTablesMax },
    })
  }

  async #declare(name: string, facts: TableDeclaration): Promise<void> {
    const { bucketSeconds } = facts
    if (bucketSeconds !== null && (bucketSeconds < 1 || bucketSeconds > graphBucketSecondsMax)) {
      const message = `BUCKET_SECONDS is from 1 to ${graphBucketSecondsMax}, not ${bucketSeconds}`
      throw new HyperMeshError('invalid', message)
    }
    if (!this.#engine.hasTable(systemTable)) await TableCatalog.create(this.#engine)
    const table = this.#engine.table(systemTable)
    const props = { declaration: JSON.stringify(facts) }
    const known = this.#declared.get(name)
    if (known !== undefined) await table.update(known.id, { props })
    const id =
      known?.id ?? (await table.insert({ at: 0, members: [innerMember], key: name, props })).id
    this.#declared.set(name, { id, facts })
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

function propertiesOf({ properties }: TableSchema): GraphTable['properties'] {
  return Object.fromEntries(properties.map(({ name, type }) => [name, type]))
}
