import fc from 'fast-check'
import {
  arithmeticOperators,
  comparisonOperators,
  type Entry,
  type Expression,
  type Pattern,
  propertyTypes,
  type Returning,
  type RunnableStatement,
  type Statement,
  textOperators,
} from '../../src/language/syntax-tree.ts'

// Trees as the parser can make them: everything that a text can say, and nothing else.

const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/) },
  fc.constantFrom(
    'Order',
    'match',
    'NOT',
    'path',
    'index',
    'members',
    'of',
    'x'.repeat(64),
    'NULL',
    'values',
  ),
)
const unlessNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 2 })
const list = <Value>(value: fc.Arbitrary<Value>, minLength = 1) =>
  fc.array(value, { minLength, maxLength: 3 })

const large = fc.oneof(
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 1e21, 1e300, 5e-324, 2 ** 60, -(2 ** 60), 0.1),
)
const literalValue = fc.oneof(
  numbers,
  large,
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.boolean(),
  fc.constant(null),
)
const literal = literalValue.map((value) => ({ kind: 'literal', value }) as const)
const parameter = name.map((one) => ({ kind: 'parameter', name: one }) as const)
const value = fc.oneof(literal, parameter)
const column = fc
  .tuple(unlessNull(name), name)
  .map(([variable, one]) => ({ kind: 'column', variable, name: one }) as const)
const callName = fc.constantFrom('count', 'sum', 'bucket', 'shared', 'x', 'abs')

const { expression } = fc.letrec<{ expression: Expression; primary: Expression }>((tie) => ({
  primary: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    value,
    column,
    fc
      .tuple(unlessNull(name), tie('expression'))
      .map(([variable, role]) => ({ kind: 'members', variable, role }) as const),
    list(tie('expression'), 0).map((items) => ({ kind: 'list', items }) as const),
    list(fc.record({ name, value: tie('expression') }), 0).map(
      (entries) => ({ kind: 'record', entries }) as const,
    ),
    fc
      .tuple(callName, fc.boolean(), list(tie('expression')))
      .map(
        ([one, isDistinct, given]) =>
          ({ kind: 'call', name: one, isDistinct, isStar: false, arguments: given }) as const,
      ),
    callName.map(
      (one) =>
        ({ kind: 'call', name: one, isDistinct: false, isStar: true, arguments: [] }) as const,
    ),
  ),
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    tie('primary'),
    fc
      .tuple(fc.constantFrom('not', 'negate'), tie('expression'))
      .map(([kind, operand]) => ({ kind, operand }) as Expression),
    fc
      .tuple(fc.constantFrom('and', 'or'), list(tie('expression'), 2))
      .map(([kind, operands]) => ({ kind, operands }) as Expression),
    fc
      .tuple(
        fc.constantFrom(...comparisonOperators, ...textOperators, ...arithmeticOperators),
        tie('expression'),
        tie('expression'),
      )
      .map(([operator, left, right]) => ({ kind: 'binary', operator, left, right }) as const),
    fc
      .tuple(tie('expression'), tie('primary'))
      .map(([one, many]) => ({ kind: 'in', value: one, list: many }) as const)
      .filter(({ list: many }) => !isNegative(many)),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([one, low, high]) => ({ kind: 'between', value: one, low, high }) as const),
    fc
      .tuple(tie('expression'), fc.boolean())
      .map(([operand, isNegated]) => ({ kind: 'isNull', operand, isNegated }) as const),
  ),
}))

/** A number with a sign is no primary expression. */
function isNegative(one: Expression): boolean {
  if (one.kind !== 'literal') return false
  return typeof one.value === 'bigint'
    ? one.value < 0n
    : Object.is(one.value, -0) || Number(one.value) < 0
}

const unsigned = value.filter((one) => !isNegative(one))
const entries: fc.Arbitrary<Entry[]> = list(fc.record({ name, value: expression }))
const count = fc.oneof(
  fc.nat().map((one) => ({ kind: 'literal', value: one }) as const),
  parameter,
)
const seconds = fc.integer({ min: 1, max: 1e9 })
const pattern: fc.Arbitrary<Pattern> = fc.record({ variable: unlessNull(name), table: name })
const properties = list(fc.record({ name, type: fc.constantFrom(...propertyTypes) }))
const returning: fc.Arbitrary<Returning> = fc.record({
  isDistinct: fc.boolean(),
  items: fc.oneof(
    fc.constant('all' as const),
    list(fc.record({ expression, alias: unlessNull(name) })),
  ),
  orderBy: list(fc.record({ expression, isDescending: fc.boolean() }), 0),
  skip: unlessNull(count),
  limit: unlessNull(count),
})
const where = unlessNull(expression)
const asOf = unlessNull(expression)
const kind = <Kind extends string>(one: Kind) => fc.constant(one)

const runnable: fc.Arbitrary<RunnableStatement> = fc.oneof(
  fc.record({
    kind: kind('match'),
    patterns: fc.array(pattern, { minLength: 1, maxLength: 2 }),
    ...{ asOf, where, returning },
    unwind: unlessNull(fc.record({ list: expression, alias: name })),
  }),
  fc.record({
    kind: kind('path'),
    mode: fc.constantFrom('shortest', 'earliest'),
    start: unsigned,
    target: unlessNull(unsigned),
    pattern,
    hopsMax: unlessNull(seconds),
    options: fc.oneof(fc.constant([]), entries),
    ...{ asOf, where, returning },
  }),
  fc.record({ kind: kind('insert'), rows: list(fc.record({ table: name, entries })) }),
  fc.record({ kind: kind('update'), pattern, changes: entries, where }),
  fc.record({ kind: kind('delete'), pattern, where }),
  fc.record({
    kind: kind('copy'),
    table: name,
    source: unsigned,
    options: list(fc.record({ name: name.map((one) => one.toLowerCase()), value: unsigned }), 0),
  }),
  fc.record({
    kind: kind('createTable'),
    table: name,
    ifNotExists: fc.boolean(),
    memberTables: list(name, 0),
    bucketSeconds: unlessNull(seconds),
    properties: fc.oneof(fc.constant([]), properties),
    ttlSeconds: unlessNull(seconds),
  }),
  fc.record({
    kind: kind('alterTable'),
    table: name,
    change: fc.oneof(
      fc.record({ kind: kind('addProperties'), properties }),
      fc.record({ kind: kind('setTtl'), ttlSeconds: unlessNull(seconds) }),
      fc.record({ kind: kind('setBucket'), bucketSeconds: seconds }),
    ),
  }),
  fc.record({ kind: kind('dropTable'), table: name, ifExists: fc.boolean() }),
  fc.record({
    kind: kind('createIndex'),
    name: unlessNull(name),
    table: name,
    columns: list(name),
  }),
  fc.tuple(unlessNull(name), name, list(name)).map(([one, table, columns]) => ({
    ...({ kind: 'dropIndex', name: one, table } as const),
    columns: one === null ? columns : [],
  })),
  fc.record({ kind: kind('showIndexes'), table: unlessNull(name) }),
  fc.record({ kind: kind('compactThreshold'), records: unlessNull(seconds) }),
  fc.record({
    kind: kind('call'),
    procedure: name.map((one) => one.toLowerCase()),
    arguments: list(expression, 0),
    returning,
  }),
)

export const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 5, arbitrary: runnable },
  runnable.map((one) => ({ kind: 'explain', statement: one }) as const),
)
