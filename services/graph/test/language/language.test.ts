import { HyperMeshError, limits } from '@hypermesh/contract'
import { readEnvironment } from '@hypermesh/kit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatStatement } from '../../src/language/format-statement.ts'
import { parseStatement } from '../../src/language/parse-statement.ts'
import { fuzzQueries } from './_fuzzer.ts'
import { statements } from './_statements.ts'
import { statement } from './_trees.ts'

const bounds = limits.parse({})
const parse = (text: string) => parseStatement(text, bounds)
const injection = 'E; DELETE FROM api_keys; --'

function failureOf(text: string): HyperMeshError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof HyperMeshError) return error
    throw error
  }
  throw new Error(`parsed: ${text}`)
}

test.each(statements)('%s parses, and its print parses to the same tree', (text) => {
  const tree = parse(text)
  const printed = formatStatement(tree)
  expect(parse(printed)).toEqual(tree)
  expect(formatStatement(parse(printed))).toBe(printed)
})

// SEED repeats a run.
const seed = Number(readEnvironment().SEED ?? Date.now() % 2 ** 31)

test(`what is printed of any tree parses to that tree: seed ${seed}`, () => {
  fc.assert(
    fc.property(statement, (tree) => {
      expect(parse(formatStatement(tree))).toEqual(tree)
    }),
    { seed, numRuns: 2000 },
  )
})

test(`thirty thousand texts near to statements and far are a tree or a typed error: seed ${seed}`, () => {
  const { trees, refused } = fuzzQueries(30_000, seed)
  expect(trees).toBeGreaterThan(1000)
  expect(refused).toBeGreaterThan(1000)
})

test('keywords are the same in any case, names are not', () => {
  const one = parse('MATCH HYPEREDGE (he:E) WHERE he.a IS NULL RETURN he.a')
  expect(parse('match Hyperedge (he:E) where he.a is null return he.a')).toEqual(one)
  expect(parse('match hyperedge (he:e) where he.a is null return he.a')).not.toEqual(one)
})

describe('an error says where it is, what was expected and what was found', () => {
  test.each([
    ['MATCH HYPEREDGE (he:E)\n  WHERE he.a = RETURN *', 2, 16, 'RETURN'],
    ['MATCH HYPEREDGE (he:E) RETURN', 1, 30, 'the end'],
    ['MATCH HYPEREDGE (he E) RETURN *', 1, 21, 'E'],
    ['SELECT 1', 1, 1, 'SELECT'],
    ["MATCH HYPEREDGE (he:E) WHERE he.a = 'x RETURN *", 1, 37, 'the end'],
    ['MATCH HYPEREDGE (he:E) RETURN * LIMIT -1', 1, 39, '-'],
    ['MATCH HYPEREDGE (he:E) WHERE he.a < 1 < 2 RETURN *', 1, 39, '<'],
    ['MATCH HYPEREDGE (he:E) RETURN * § ', 1, 33, '§'],
    ['', 1, 1, 'the end'],
  ])('%s', (text, line, column, found) => {
    const error = failureOf(text)
    expect(error).toMatchObject({ code: 'invalid', details: { line, column, found } })
    expect(error.details?.expected).toEqual(expect.arrayContaining([expect.any(String)]))
    expect(error.message).toContain(`line ${line}, column ${column}: expected `)
  })

  test('the words that could stand there', () => {
    expect(failureOf('DROP TABLE x').details?.expected).toEqual(['HYPEREDGE', 'INDEX'])
  })
})

/** Every place where a name enters the language. */
const namePlaces: readonly ((name: string) => string)[] = [
  (name) => `MATCH HYPEREDGE (he:${name}) RETURN *`,
  (name) => `MATCH HYPEREDGE (${name}:E) RETURN *`,
  (name) => `MATCH HYPEREDGE (a:E), (b:${name}) RETURN *`,
  (name) => `MATCH HYPEREDGE (he:E) WHERE he.${name} = 1 RETURN *`,
  (name) => `MATCH HYPEREDGE (he:E) RETURN he.${name}`,
  (name) => `MATCH HYPEREDGE (he:E) RETURN he.a AS ${name}`,
  (name) => `MATCH HYPEREDGE (he:E) RETURN * ORDER BY he.${name}`,
  (name) => `MATCH HYPEREDGE (he:E) UNWIND he.members AS ${name} RETURN *`,
  (name) => `MATCH PATH (1)-[he:${name}]->(2) RETURN *`,
  (name) => `INSERT HYPEREDGE (:${name} {event_ts: 1, members: [1]})`,
  (name) => `INSERT HYPEREDGE (:E {${name}: 1})`,
  (name) => `INSERT INTO ${name} (event_ts) VALUES (1)`,
  (name) => `INSERT INTO E (event_ts, ${name}) VALUES (1, 2)`,
  (name) => `UPDATE ${name} SET a = 1`,
  (name) => `UPDATE E SET ${name} = 1`,
  (name) => `UPDATE HYPEREDGE (he:${name}) SET he.a = 1`,
  (name) => `UPDATE HYPEREDGE (he:E) SET he.${name} = 1`,
  (name) => `DELETE FROM ${name}`,
  (name) => `DELETE HYPEREDGE (he:${name})`,
  (name) => `COPY ${name} FROM 'a.csv'`,
  (name) => `CREATE HYPEREDGE TABLE ${name} (Person)`,
  (name) => `CREATE HYPEREDGE TABLE E (${name})`,
  (name) => `CREATE HYPEREDGE TABLE E (Person) PROPERTIES (${name} INTEGER)`,
  (name) => `ALTER HYPEREDGE TABLE ${name} SET TTL 5`,
  (name) => `ALTER HYPEREDGE TABLE E ADD PROPERTY ${name} INTEGER`,
  (name) => `DROP HYPEREDGE TABLE ${name}`,
  (name) => `CREATE INDEX ON ${name} (a)`,
  (name) => `CREATE INDEX ${name} ON E (a)`,
  (name) => `CREATE INDEX ON E (${name})`,
  (name) => `DROP INDEX ${name} ON E`,
  (name) => `DROP INDEX i ON ${name}`,
  (name) => `SHOW INDEXES ON ${name}`,
  (name) => `CALL ${name}()`,
]

describe('what is no name is refused wherever a name stands', () => {
  test.each(namePlaces.map((place) => place(injection)))('%s', (text) => {
    expect(failureOf(text)).toMatchObject({ code: 'invalid_name', status: 422 })
  })
  test.each(namePlaces.map((place) => place(`\`${injection}\``)))('%s', (text) => {
    expect(failureOf(text)).toMatchObject({ code: 'invalid_name', status: 422 })
  })
  test.each(namePlaces.map((place) => place(`"${injection}"`)))('%s', (text) => {
    expect(failureOf(text)).toMatchObject({ code: 'invalid_name', status: 422 })
  })
  test.each(namePlaces.map((place) => place('x'.repeat(65))))('%s', (text) => {
    expect(failureOf(text)).toMatchObject({ code: 'invalid_name', status: 422 })
  })
})

describe('a text is bounded', () => {
  const where = (condition: string) => `MATCH HYPEREDGE (he:E) WHERE ${condition} RETURN *`
  const { graphQueryBytesMax, graphQueryDepthMax, graphQueryListMax } = bounds
  test('in bytes', () => {
    const text = 'CALL f()'
    expect(() => parse(text.padEnd(graphQueryBytesMax))).not.toThrow()
    expect(failureOf(text.padEnd(graphQueryBytesMax + 1)).code).toBe('too_large')
  })
  test('in depth', () => {
    const nested = (depth: number) => where(`${'('.repeat(depth)}1${')'.repeat(depth)} = 1`)
    expect(() => parse(nested(graphQueryDepthMax - 1))).not.toThrow()
    expect(failureOf(nested(graphQueryDepthMax)).code).toBe('too_large')
  })
  test('in lists', () => {
    const listed = (count: number) => where(`he.a IN [${Array(count).fill('1').join(',')}]`)
    expect(() => parse(listed(graphQueryListMax))).not.toThrow()
    expect(failureOf(listed(graphQueryListMax + 1)).code).toBe('too_large')
    const joined = (count: number) => where(Array(count).fill('a').join(' OR '))
    expect(() => parse(joined(graphQueryListMax))).not.toThrow()
    expect(failureOf(joined(graphQueryListMax + 1)).code).toBe('too_large')
  })
})
