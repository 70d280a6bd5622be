import { HyperMeshError, parseIdentifier } from '@hypermesh/contract'
import type {
  AlterTable,
  CreateIndex,
  CreateTable,
  DropIndex,
  DropTable,
  PropertyDeclaration,
  PropertyTypeName,
  ShowIndexes,
} from '../language/syntax-tree.ts'
import { returnAll } from '../language/syntax-tree.ts'
import { pipelineOfRows, runPipeline } from './pipeline.ts'
import { invalidQuery } from './query-error.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'
import type { ValueType } from './value-type.ts'

const secondMs = 1000

/** What a declaration answers with: the thing, and whether anything was changed. */
function declared(name: string, context: QueryContext, work: () => Promise<boolean>): QueryResult {
  const columns = [
    { name: 'name', type: 'string' },
    { name: 'changed', type: 'bool' },
  ] as const
  async function* batches(): AsyncGenerator<readonly Row[]> {
    context.signal.throwIfAborted()
    yield* inOneBatch([[name, await work()]])
  }
  return { columns, batches: batches() }
}

export function runCreateTable(statement: CreateTable, context: QueryContext): QueryResult {
  const { table, ifNotExists, memberTables, bucketSeconds, ttlSeconds } = statement
  const properties = propertiesOf(statement.properties)
  const { tables } = context.database
  return declared(table, context, async () => {
    const request = {
      ...{ table, properties, members: [...memberTables], bucket_seconds: bucketSeconds },
      ttl_ms: ttlSeconds === null ? null : ttlSeconds * secondMs,
    }
    if (ifNotExists) return await tables.createMissing(request)
    await tables.create(request)
    return true
  })
}

export function runAlterTable({ table, change }: AlterTable, context: QueryContext): QueryResult {
  const { tables } = context.database
  const request = () => {
    if (change.kind === 'addProperties') return { add_properties: propertiesOf(change.properties) }
    if (change.kind === 'setBucket') return { bucket_seconds: change.bucketSeconds }
    return { ttl_ms: change.ttlSeconds === null ? null : change.ttlSeconds * secondMs }
  }
  const wanted = request()
  return declared(table, context, async () => {
    await tables.alter(table, wanted)
    return true
  })
}

export function runDropTable({ table, ifExists }: DropTable, context: QueryContext): QueryResult {
  const { tables } = context.database
  return declared(table, context, async () => {
    if (ifExists) return await tables.dropExisting(table)
    await tables.drop(table)
    return true
  })
}

/** Without a name it is called by its columns. */
export function runCreateIndex(statement: CreateIndex, context: QueryContext): QueryResult {
  const { table, columns } = statement
  const name = statement.name ?? parseIdentifier(`by_${columns.join('_')}`.slice(0, 64))
  return declared(name, context, async () => {
    await context.database.table(table).createIndex(name, columns)
    return true
  })
}

export function runDropIndex(statement: DropIndex, context: QueryContext): QueryResult {
  const { table, columns } = statement
  const target = context.database.table(statement.table)
  const name = statement.name ?? indexOf(target.schema.indexes, columns)
  if (name === undefined) {
    throw new HyperMeshError('not_found', `${table} has no index on (${columns.join(', ')})`)
  }
  return declared(name, context, async () => {
    await target.dropIndex(name)
    return true
  })
}

function indexOf(
  indexes: Readonly<Record<string, readonly string[]>>,
  columns: readonly string[],
): string | undefined {
  const wanted = columns.join(',')
  return Object.entries(indexes).find(([, of]) => of.join(',') === wanted)?.[0]
}

export function runShowIndexes({ table }: ShowIndexes, context: QueryContext): QueryResult {
  const columns: readonly { readonly name: string; readonly type: ValueType }[] = [
    { name: 'table', type: 'string' },
    { name: 'name', type: 'string' },
    { name: 'columns', type: 'list<string>' },
  ]
  const { tables } = context.database
  const of = table === null ? tables.list() : [tables.describe(table)]
  const rows = of.flatMap((one) =>
    Object.entries(one.indexes).map(([name, indexed]): Row => [one.table, name, indexed]),
  )
  const pipeline = pipelineOfRows(columns, () => Promise.resolve(rows))
  return runPipeline(returnAll, pipeline, context)
}

function propertiesOf(given: readonly PropertyDeclaration[]): Record<string, PropertyTypeName> {
  const properties: Record<string, PropertyTypeName> = Object.create(null)
  for (const { name, type } of given) {
    if (name in properties) throw invalidQuery(`the property ${name} is declared twice`)
    properties[parseIdentifier(name)] = type
  }
  return properties
}
