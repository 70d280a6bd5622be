import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { DuckSession } from '../src/session.ts'
import { isReviewed } from '../src/sql-functions.ts'
import { guardSql } from '../src/sql-guard.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll()
let session: DuckSession

beforeAll(async () => {
  await writeFile(join(opened.directory, 'secret.csv'), 'a,b\nsecret-word,2\n')
  session = await opened.database.connect()
})

async function refusal(sql: string, target = session): Promise<HyperMeshError> {
  const error = await guardSql(target, sql).then(
    () => new Error(`let through: ${sql}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof HyperMeshError)) throw error
  return error
}

const named = async (sql: string) =>
  (await guardSql(session, sql)).tables.map(({ namespace, table }) =>
    namespace === undefined ? table : `${namespace}.${table}`,
  )

test.each([
  ['SELECT 1', []],
  ['SELECT 1;', []],
  ['-- a comment\nFROM demo.cars -- another', ['demo.cars']],
  ['VALUES (1), (2)', []],
  ['FROM cars', ['cars']],
  ['TABLE cars', ['cars']],
  ['WITH a AS (FROM cars) FROM a', ['cars']],
  ['WITH a AS (FROM cars), b AS (FROM a) FROM a, b', ['cars']],
  ['WITH cars AS (FROM demo.cars) FROM cars', ['demo.cars']],
  ['WITH cars AS (FROM cars) FROM cars', ['cars']],
  ['WITH Cars AS (SELECT 1) FROM cARS', []],
  ['SELECT * FROM (WITH a AS (SELECT 1) FROM a), a', ['a']],
  [
    'WITH a AS (SELECT 1) SELECT (SELECT count(*) FROM a), (FROM (WITH a AS (FROM b) FROM a))',
    ['b'],
  ],
  ['WITH RECURSIVE r AS (SELECT 1 i UNION ALL SELECT i + 1 FROM r WHERE i < 5) FROM r', []],
  ['SELECT (SELECT max(a) FROM x.y) FROM t JOIN u USING (id)', ['t', 'u', 'x.y']],
  ['FROM t POSITIONAL JOIN u', ['t', 'u']],
  ['FROM t ASOF JOIN u ON t.a >= u.a', ['t', 'u']],
  ['FROM t SEMI JOIN u USING (a)', ['t', 'u']],
  ['SELECT list_transform([1, 2], lambda x: x + (SELECT max(a) FROM t))', ['t']],
  ['PIVOT t ON a IN (1, 2) USING sum(b)', ['t']],
  ['UNPIVOT t ON a, b', ['t']],
  ['SELECT a FROM t UNION ALL BY NAME SELECT b FROM u ORDER BY 1 LIMIT (SELECT 3)', ['t', 'u']],
  ['DESCRIBE demo.t', ['demo.t']],
  ['SUMMARIZE t', ['t']],
  ['SHOW t', ['t']],
  ['EXPLAIN FROM t', ['t']],
  ['/* a /* b */ c */ explain -- x\n analyze FROM t', ['t']],
  ['SELECT * FROM range(10) r(i), unnest([1, 2]) u(x), generate_series(1, 3)', []],
  ['SELECT sum(x) OVER (PARTITION BY y ORDER BY z) FROM t QUALIFY row_number() OVER () = 1', ['t']],
  [
    "SELECT count(DISTINCT a) FILTER (b), a.b['c'], TIMESTAMP '2020-01-01' + INTERVAL 1 DAY FROM t",
    ['t'],
  ],
  [
    "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b), COLUMNS(c -> c LIKE 'x') FROM t TABLESAMPLE 10%",
    ['t'],
  ],
  [
    "SELECT CAST(a AS DECIMAL(3, 1)), b::STRUCT(x INT, y VARCHAR[]), j::JSON ->> '$.a' FROM t",
    ['t'],
  ],
  ['SELECT $1, $2', []],
  ['FROM range(1000000000)', []],
  ["SELECT range(10), repeat('x', 10)", []],
  ['SELECT $name', []],
])('%s is let through', async (sql, tables) => {
  expect((await named(sql)).toSorted()).toEqual(tables)
})

const forbidden: readonly (readonly [string, string])[] = [
  ['', 'empty'],
  ['-- nothing', 'empty'],
  [';', 'empty'],
  ['SELECT 1; SELECT 2', 'several-statements'],
  ['SELECT 1; DROP TABLE t', 'not-a-query'],
  ['DROP TABLE t; SELECT 1', 'not-a-query'],
  ["SELECT 1; COPY (SELECT 1) TO '/x'", 'not-a-query'],
  ['SELEC 1', 'parser'],
  ['SELECT 1\0; DROP TABLE t', 'parser'],
  ...[
    'INSERT INTO t VALUES (1)',
    'UPDATE t SET a = 1',
    'DELETE FROM t',
    'TRUNCATE t',
    'MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE',
    'CREATE TABLE t AS SELECT 1',
    'CREATE MACRO m() AS 1',
    'CREATE VIEW v AS SELECT 1',
    "CREATE SECRET s (TYPE s3, KEY_ID 'a')",
    'DROP TABLE t',
    'ALTER TABLE t ADD COLUMN a INT',
    "ATTACH 'x.db'",
    'DETACH x',
    'USE x',
    'SET threads = 1',
    'RESET threads',
    'SET VARIABLE a = 1',
    'PRAGMA database_list',
    "PRAGMA enable_profiling='json'",
    'CALL pragma_version()',
    "COPY t TO '/tmp/x'",
    "COPY t FROM '/tmp/x'",
    'INSTALL httpfs',
    'LOAD httpfs',
    'CHECKPOINT',
    'VACUUM',
    'ANALYZE',
    'BEGIN',
    'COMMIT',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    'PIVOT t ON a USING sum(b)',
    'EXPLAIN INSERT INTO t VALUES (1)',
    'EXPLAIN ANALYZE INSERT INTO t VALUES (1)',
    "EXPLAIN ANALYZE COPY t TO '/tmp/x'",
    'EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1',
    'EXPLAIN /* x */ ANALYZE DELETE FROM t',
    'EXPLAIN EXPLAIN ANALYZE DELETE FROM t',
    'EXPLAIN ANALYZE EXPLAIN SELECT 1',
  ].map((sql) => [sql, 'not-a-query'] as const),
  ['WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x', 'parser'],
  ['WITH x AS (DELETE FROM t RETURNING *) FROM x', 'parser'],
  ['EXPLAIN (FORMAT json) SELECT 1', 'unsupported-explain'],
  ['EXPLAIN (ANALYZE) SELECT 1', 'unsupported-explain'],
  ['SHOW TABLES', 'unsupported-show'],
  ['SHOW ALL TABLES', 'unsupported-show'],
  ['SHOW DATABASES', 'unsupported-show'],
  ['DESCRIBE', 'unsupported-show'],
  ...[
    "FROM read_csv('/etc/passwd')",
    "FROM read_csv_auto('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/passwd')",
    "FROM read_json('/x')",
    "FROM read_parquet('/x')",
    "FROM parquet_scan('/x')",
    "FROM parquet_metadata('/x')",
    "FROM sniff_csv('/x')",
    "FROM glob('/*')",
    "FROM query('SELECT 1')",
    "FROM query_table('t')",
    "FROM json_execute_serialized_sql('{}')",
    'FROM duckdb_secrets()',
    'FROM duckdb_settings()',
    'FROM duckdb_logs()',
    'FROM pragma_version()',
    "FROM which_secret('s3://x', 's3')",
    "FROM histogram('t', 'a')",
    "FROM read_duckdb('/x')",
    'FROM arrow_scan(1, 2, 3)',
    'FROM seq_scan(t)',
    'FROM checkpoint()',
    'FROM enable_logging()',
    "FROM sql_auto_complete('SEL')",
    "SELECT getvariable('x')",
    "SELECT current_setting('threads')",
    "SELECT nextval('s')",
    "SELECT currval('s')",
    "SELECT write_log('x')",
    "SELECT json_serialize_sql('SELECT 1')",
    "SELECT json_serialize_plan('FROM read_csv(''/etc/passwd'')')",
    'SELECT sleep_ms(1000)',
    'SELECT pg_sleep(1)',
    'SELECT current_query()',
    "SELECT getenv('HOME')",
    'SELECT x.y.sum(a) FROM t',
    "SELECT ('a').read_text()",
    "WITH a AS (FROM read_text('/etc/passwd')) SELECT 1",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT [x FOR x IN (SELECT list(content) FROM read_text('/etc/passwd'))]",
    "SELECT 1 LIMIT (SELECT count(*) FROM glob('/*'))",
    "SELECT 1 ORDER BY (SELECT 1 FROM glob('/*'))",
    "FROM range((SELECT count(*) FROM glob('/*')))",
    "SUMMARIZE FROM read_text('/etc/passwd')",
    "DESCRIBE FROM read_text('/etc/passwd')",
    "EXPLAIN FROM read_text('/etc/passwd')",
    "PIVOT (FROM read_text('/x')) ON a IN (1) USING sum(b)",
    "SELECT sum((SELECT 1 FROM glob('/*'))) OVER () FROM t",
    "FROM t AT (VERSION => getvariable('x'))",
    'FROM t JOIN LATERAL glob(t.a) ON true',
    "VALUES ((SELECT 1 FROM glob('/*')))",
    "SELECT CASE WHEN true THEN (SELECT 1 FROM glob('/*')) END",
  ].map((sql) => [sql, 'forbidden-function'] as const),
  ...[
    "FROM '/etc/passwd'",
    "FROM 'x.parquet'",
    "FROM 's3://bucket/x'",
    "FROM '../x.csv'",
    'FROM "a.b"',
    'FROM a.b.c',
    'FROM "demo"."x/y"',
    'FROM "dem o".t',
    'FROM information_schema.tables',
    'FROM INFORMATION_SCHEMA.tables',
    'FROM pg_catalog.pg_class',
    'FROM duckdb_tables',
    'FROM sqlite_master',
    'FROM pg_class',
    'FROM memory.main.t',
    'DESCRIBE a.b.c',
    "SUMMARIZE '/etc/passwd'",
    'WITH a AS (FROM duckdb_settings), duckdb_settings AS (SELECT 1) FROM a',
    'WITH sqlite_master AS (SELECT 1) FROM sqlite_master',
    'FROM \u00fcnits',
    `FROM ${'x'.repeat(65)}`,
  ].map((sql) => [sql, 'forbidden-table'] as const),
  ['SELECT range(1000000000)', 'too-large-value'],
  ["SELECT repeat('x', 1000000000)", 'too-large-value'],
  ['SELECT list_resize([1], 100000000000)', 'too-large-value'],
  ['FROM t AT (VERSION => (SELECT max(a) FROM u))', 'invalid-time-travel'],
  ['FROM t AT (VERSION => a)', 'invalid-time-travel'],
  ['FROM t AT (VERSION => 1.5)', 'invalid-time-travel'],
  ['FROM t AT (VERSION => -1)', 'invalid-time-travel'],
  ["FROM t AT (VERSION => 'main')", 'invalid-time-travel'],
  ['FROM t AT (TIMESTAMP => 5)', 'invalid-time-travel'],
  ['FROM t AT (TIMESTAMP => NULL::TIMESTAMP)', 'invalid-time-travel'],
]

test.each(forbidden)('%s is refused as %s', async (sql, reason) => {
  const error = await refusal(sql)
  expect([error.code, error.details?.reason]).toEqual(['invalid', reason])
})

test('a mistake is placed by line and column, EXPLAIN and comments counted', async () => {
  const error = await refusal('/* ü */ EXPLAIN\n SELECT FROM FROM')
  expect(error.details).toMatchObject({ line: 2, column: 14 })
})

test.each([
  ['FROM t AT (VERSION => 9223372036854775807)', { version: 9223372036854775807n }],
  ['FROM t AT (VERSION => $1)', { version: 9007199254740993n }],
  ["FROM t AT (TIMESTAMP => TIMESTAMP '2024-01-31 12:00:00.5')", { timestampMs: 1706702400500 }],
  ["FROM t AT (TIMESTAMP => '2024-01-31T12:00:00Z')", { timestampMs: 1706702400000 }],
  ["FROM t AT (TIMESTAMP => TIMESTAMPTZ '2024-01-31 13:00:00+01')", { timestampMs: 1706702400000 }],
  ["FROM t AT (TIMESTAMP => DATE '1960-01-01')", { timestampMs: -315619200000 }],
  [
    "FROM t AT (TIMESTAMP => TIMESTAMP '2024-01-31 12:00:00' - INTERVAL 1 HOUR)",
    { timestampMs: 1706698800000 },
  ],
])('%s is computed', async (sql, at) => {
  const parameters = sql.includes('$1') ? { values: [9007199254740993n] } : undefined
  expect((await guardSql(session, sql, { parameters })).tables[0]?.at).toEqual(at)
})

test('a rewritten statement keeps its meaning, large numbers too', async () => {
  const guarded = await guardSql(
    session,
    `SELECT t.a, demo.t.a, 170141183460469231731687303715884105727, 1.10, 'number:1', $2::INTEGER
     FROM demo.t AT (VERSION => $1) JOIN demo.t AS u ON t.a = u.a`,
    { parameters: { values: [5n, 7] } },
  )
  expect([...guarded.parameters]).toEqual(['2'])
  expect([...guarded.allParameters].toSorted()).toEqual(['1', '2'])
  const written = await guarded.rewrite([
    { schema: 'demo', view: 't@1' },
    { schema: 'demo', view: 't@0' },
  ])
  await using other = await opened.database.connect()
  await other.run(`ATTACH ':memory:' AS q_7; USE q_7; CREATE SCHEMA demo;
    CREATE VIEW demo."t@1" AS SELECT 1 AS a; CREATE VIEW demo."t@0" AS SELECT 1 AS a`)
  const rows = await other.rows(written.body, {
    parameters: { values: Object.fromEntries([[written.parameterNames.get('2'), 7]]) },
  })
  expect(Object.values(rows[0] ?? {}).slice(0, 3)).toEqual([1, 1, 2n ** 127n - 1n])
  await other.run('USE memory; DETACH q_7')
})

test('nesting as deep as DuckDB parses is walked or refused, never a crash', async () => {
  const nested = (open: string, close: string, count: number) =>
    `SELECT ${open.repeat(count)}1${close.repeat(count)}`
  for (const count of [50, 200, 1000, 20_000]) {
    for (const sql of [
      nested('abs(', ')', count),
      nested('(SELECT ', ')', count),
      nested('CASE WHEN true THEN ', ' END', count),
      nested('1 + ', '', count),
      `SELECT 1${' UNION ALL SELECT 1'.repeat(count)}`,
      `${'WITH a AS ('.repeat(count)}SELECT 1${') FROM a'.repeat(count)}`,
      `SELECT 1 WHERE true${' AND true'.repeat(count)}`,
    ]) {
      const outcome = await guardSql(session, sql).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(HyperMeshError)
    }
  }
})

test('every function of this DuckDB has been reviewed', async () => {
  const rows = await session.rows(
    "SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')",
  )
  expect(rows.map(({ name }) => String(name)).filter((name) => !isReviewed(name))).toEqual([])
})

test('mutations of good and bad statements never reach a file', async () => {
  const path = join(opened.directory, 'secret.csv')
  const pieces = [
    ...forbidden.map(([sql]) => sql.replaceAll(/'[^']*\/[^']*'/g, `'${path}'`)),
    `FROM '${path}'`,
    `FROM read_csv('${path}')`,
    'SELECT * FROM (',
    ')',
    'WITH a AS (',
    'EXPLAIN ANALYZE ',
    '/* ',
    ' */',
    '--',
    '\n',
    ';',
    "'",
    '"',
    '$$',
    ' UNION ALL ',
    'SELECT 1',
    'FROM a',
    ', LATERAL ',
  ]
  const mutated = fc
    .tuple(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat())
    .map(([parts, cut, from]) => {
      const text = parts.join(' ')
      const at = cut % (text.length + 1)
      return from % 3 === 0 ? text.slice(0, at) + text.slice(at + 1) : text
    })
  await using victim = await opened.database.connect()
  await fc.assert(
    fc.asyncProperty(mutated, async (sql) => {
      const guarded = await guardSql(session, sql).catch(() => undefined)
      if (guarded === undefined) return
      const text = guarded.prefix + guarded.body
      expect(text).not.toMatch(/^\s*(?:COPY|INSERT|ATTACH|SET)\b/i)
      const rows = await victim.rows(text).catch(() => [])
      expect(JSON.stringify(rows, (_, v) => String(v))).not.toContain('secret-word')
    }),
    { numRuns: 600 },
  )
})

test('each file function is refused a second time by the locked database', async () => {
  await using other = await opened.database.connect()
  const path = join(opened.directory, 'secret.csv')
  for (const sql of [`FROM read_csv('${path}')`, `FROM '${path}'`]) {
    await expect(other.rows(sql)).rejects.toThrow(HyperMeshError)
  }
})
