import type { IcebergSchema, IcebergType } from '@hypermesh/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planEvolution, readColumns, readSchemaArgument, type SourceColumn } from '../src/index.ts'
import { highestFieldId } from '../src/schema.ts'
import { assertReplaceable } from '../src/schema-replacement.ts'
import { copyFile, duckDbType, openDuckDb } from './_duckdb.ts'
import { openLake } from './_lake.ts'

const table = (...fields: [string, IcebergType, boolean?][]): IcebergSchema => ({
  type: 'struct',
  'schema-id': 0,
  fields: fields.map(([name, type, required = false], index) => ({
    id: index + 1,
    name,
    type,
    required,
  })),
})
const exact = (name: string, type: IcebergType): SourceColumn => ({ name, type, exact: true })
const text = (name: string, type: IcebergType): SourceColumn => ({ name, type, exact: false })
const struct = (...fields: [string, IcebergType][]): IcebergType => ({
  type: 'struct',
  fields: fields.map(([name, type]) => ({ id: -1, name, type, required: true })),
})
const list = (element: IcebergType): IcebergType => ({
  type: 'list',
  'element-id': -1,
  element,
  'element-required': false,
})

test('a new table takes the columns in their order, all optional, with new ids', () => {
  const plan = planEvolution(undefined, [text('b c', 'long'), exact('s', struct(['x', 'int']))], 0)
  expect(plan.changes).toEqual([{ kind: 'create-table' }])
  expect(plan.schema.fields).toEqual([
    { id: 1, name: 'b c', type: 'long', required: false },
    {
      id: 2,
      name: 's',
      required: false,
      type: { type: 'struct', fields: [{ id: 3, name: 'x', type: 'int', required: false }] },
    },
  ])
  expect(plan.lastColumnId).toBe(3)
})

test('columns match without case; new ones follow with ids never used; missing ones are null', () => {
  const current = table(['a', 'int'], ['b', 'string'])
  const plan = planEvolution(current, [exact('new', list('int')), exact('A', 'int')], 40)
  expect(plan.columns).toMatchObject([
    { name: 'a', id: 1, sourceName: 'A', reread: false },
    { name: 'b', id: 2, sourceName: null },
    { name: 'new', id: 41, type: { 'element-id': 42 }, sourceName: 'new' },
  ])
  expect(plan.changes).toEqual([{ kind: 'add-column', column: 'new', to: 'list<int>' }])
  expect(plan.lastColumnId).toBe(42)
})

test('types widen, or the source is cast, only where nothing is lost', () => {
  const merge = (from: IcebergType, source: SourceColumn) => {
    const plan = planEvolution(table(['a', from]), [source], 10)
    const [column] = plan.columns
    return [column?.type, plan.changed, column?.reread]
  }
  const cases: [string, SourceColumn, string, boolean, boolean][] = [
    ['int', exact('a', 'long'), 'long', true, false],
    ['long', exact('a', 'int'), 'long', false, false],
    ['float', exact('a', 'double'), 'double', true, false],
    ['double', exact('a', 'int'), 'double', false, false],
    ['decimal(9, 2)', exact('a', 'decimal(12,2)'), 'decimal(12, 2)', true, false],
    ['decimal(9,2)', exact('a', 'decimal(4,1)'), 'decimal(9,2)', false, false],
    ['decimal(9, 2)', exact('a', 'decimal(9,0)'), 'decimal(11, 2)', true, false],
    ['decimal(12, 2)', exact('a', 'int'), 'decimal(12, 2)', false, false],
    ['string', text('a', 'long'), 'string', false, true],
    ['string', text('a', 'timestamptz'), 'string', false, true],
    ['double', text('a', 'long'), 'double', false, true],
    ['float', text('a', 'long'), 'double', true, true],
    ['decimal(9, 2)', text('a', 'long'), 'decimal(9, 2)', false, true],
    ['timestamp', text('a', 'date'), 'timestamp', false, true],
  ]
  for (const [from, source, ...expected] of cases) {
    expect([from, source, ...merge(from, source)]).toEqual([from, source, ...expected])
  }
})

test('anything else is refused, naming the column and both types', () => {
  const refused: [IcebergType, SourceColumn][] = [
    ['int', exact('a', 'string')],
    ['string', exact('a', 'int')],
    ['double', exact('a', 'long')],
    ['decimal(9, 2)', exact('a', 'decimal(9,3)')],
    ['decimal(38, 2)', exact('a', 'decimal(38,1)')],
    ['decimal(9, 2)', exact('a', 'int')],
    ['timestamp', exact('a', 'timestamptz')],
    ['timestamp', exact('a', 'date')],
    ['date', text('a', 'timestamp')],
    ['long', text('a', 'double')],
    ['int', text('a', 'string')],
    [list('int'), exact('a', 'int')],
    [list('int'), exact('a', list('string'))],
    ['string', text('a', list('int'))],
    [struct(['x', 'int']), exact('a', struct(['x', 'boolean']))],
  ]
  for (const [from, source] of refused) {
    expect(() => planEvolution(fresh(from), [source], 10), JSON.stringify([from, source])).toThrow(
      expect.objectContaining({ code: 'type_mismatch' }),
    )
  }
  expect(() => planEvolution(table(['Price', 'int']), [exact('price', 'string')], 1)).toThrow(
    'column Price is int in the table and string in the source',
  )
})

/** A table with one column, nested ids assigned. */
const fresh = (type: IcebergType) => planEvolution(undefined, [exact('a', type)], 0).schema

test('a required column must be in the source; two source columns may not share a name', () => {
  const invalid = expect.objectContaining({ code: 'invalid' })
  expect(() => planEvolution(table(['a', 'int', true]), [exact('b', 'int')], 1)).toThrow(invalid)
  expect(() => planEvolution(undefined, [exact('a', 'int'), exact('A', 'int')], 0)).toThrow(invalid)
  const unnamed = expect.objectContaining({ code: 'invalid_name' })
  expect(() => planEvolution(undefined, [exact('', 'int')], 0)).toThrow(unnamed)
})

test('structs evolve inside, and DuckDB reads old and new files under the new schema', async () => {
  await using lake = await openLake()
  const duckdb = await openDuckDb()
  const first = fresh(struct(['x', 'int'], ['gone', 'string']))
  const second = planEvolution(first, [exact('a', struct(['x', 'long'], ['y', 'date']))], 3)
  expect(second.changes).toEqual([
    { kind: 'widen-column', column: 'a.x', from: 'int', to: 'long' },
    { kind: 'add-column', column: 'a.y', to: 'date' },
  ])
  const location = lake.warehouse.tableLocation({ namespace: 'n', table: 't' })
  const uri = (name: string) => `${location}/data/${name}.parquet`
  const write = (name: string, schema: IcebergSchema, query: string) =>
    copyFile(duckdb, { lake, schema, uri: uri(name), query })
  await write('old', first, `SELECT {'x': 1::INTEGER, 'gone': 'g'} AS a`)
  await write(
    'new',
    second.schema,
    `SELECT {'x': 5000000000, 'gone': NULL::VARCHAR, 'y': DATE '2024-01-31'} AS a`,
  )
  const paths = ['old', 'new'].map((name) => `'${lake.warehouse.localPath(uri(name))}'`)
  const schema = readSchemaArgument(readColumns(second.schema, duckDbType))
  const reader = await duckdb.runAndReadAll(
    `SELECT a.x AS x, a.gone AS gone, a.y AS y FROM read_parquet([${paths.join(', ')}], schema = ${schema})`,
  )
  expect(reader.getRowObjectsJson()).toEqual([
    { x: '1', gone: 'g', y: null },
    { x: '5000000000', gone: null, y: '2024-01-31' },
  ])
})

test('any two sources either fit or are refused; what fits stays readable and fits again', () => {
  const primitive = fc.constantFrom(
    'int',
    'long',
    'float',
    'double',
    'decimal(9, 2)',
    'decimal(20, 2)',
    'string',
    'date',
    'timestamp',
  )
  const type = fc.letrec<{ any: IcebergType }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 2 },
      primitive,
      tie('any').map(list),
      fc
        .uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'z'), tie('any')), {
          selector: ([name]) => name,
          minLength: 1,
        })
        .map((fields) => struct(...fields)),
    ),
  })).any
  const source = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'c'), type, exact: fc.boolean() }),
    { selector: (column) => column.name, minLength: 1 },
  )
  fc.assert(
    fc.property(source, source, (first, second) => {
      const one = planEvolution(undefined, first, 0)
      expect(planEvolution(one.schema, first, one.lastColumnId).changed).toBe(false)
      try {
        const two = planEvolution(one.schema, second, one.lastColumnId + 5)
        assertReplaceable(one.schema, two.schema)
        expect(highestFieldId(two.schema)).toBeLessThanOrEqual(two.lastColumnId)
        expect(planEvolution(two.schema, second, two.lastColumnId).changed).toBe(false)
      } catch (error) {
        expect(error).toMatchObject({ code: 'type_mismatch' })
      }
    }),
    { numRuns: 500 },
  )
})
