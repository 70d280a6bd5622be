import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  graphDialect,
  splitStatements,
  sqlDialect,
  withBlockComments,
} from './statement-splitter.ts'

test.each([
  ['SELECT 1;', ['SELECT 1'], ''],
  ['SELECT 1; SELECT 2', ['SELECT 1'], ' SELECT 2'],
  [';; ;', [], ''],
  ["SELECT ';';", ["SELECT ';'"], ''],
  ["SELECT 'it''s;';", ["SELECT 'it''s;'"], ''],
  ["SELECT E'\\';' ;", ["SELECT E'\\';'"], ''],
  ['SELECT "a;""b";', ['SELECT "a;""b"'], ''],
  ['SELECT 1 -- not; here\n;', ['SELECT 1 -- not; here'], ''],
  ['SELECT /* ; /* ; */ ; */ 1;', ['SELECT /* ; /* ; */ ; */ 1'], ''],
  ['SELECT $$;$$, $t$;$$;$t$;', ['SELECT $$;$$, $t$;$$;$t$'], ''],
  ['SELECT $1, $name;', ['SELECT $1, $name'], ''],
  ['SELECT a$b$; SELECT 1 AS c$b$;', ['SELECT a$b$', 'SELECT 1 AS c$b$'], ''],
  ['SELECT 1; -- the end\n', ['SELECT 1'], ''],
  ['SELECT 1; /* open', ['SELECT 1'], ' /* open'],
  ["SELECT 'open", [], "SELECT 'open"],
  ["SELECT 'open;\nstill", [], "SELECT 'open;\nstill"],
  ['', [], ''],
])('%j splits into %j and %j', (text, statements, rest) => {
  expect(splitStatements(text)).toEqual({ statements, rest })
})

test('statements made of any pieces are found again', () => {
  const piece = fc.constantFrom("'a;b'", '"q;"', '-- c;\n', '/* ; */', '$$;$$', 'x', '1', ' ', '\n')
  const statement = fc.array(piece, { minLength: 1 }).map((pieces) => `SELECT ${pieces.join(' ')}`)
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      const found = splitStatements(statements.map((each) => `${each}\n;`).join(''))
      expect(found).toEqual({ statements: statements.map((each) => each.trim()), rest: '' })
    }),
  )
})

test.each([
  ['MATCH HYPEREDGE (e:T) RETURN *; CALL x()', ['MATCH HYPEREDGE (e:T) RETURN *'], ' CALL x()'],
  ['RETURN \'it\\\';s;\', "a;\\"b;", `c;d`;', ['RETURN \'it\\\';s;\', "a;\\"b;", `c;d`'], ''],
  ["RETURN 'http://x'; // not; here", ["RETURN 'http://x'"], ''],
  ['RETURN /* ; /* ; */ 1;', ['RETURN /* ; /* ; */ 1'], ''],
  ["RETURN 'open;", [], "RETURN 'open;"],
])('graph statements: %j', (text, statements, rest) => {
  expect(splitStatements(text, graphDialect)).toEqual({ statements, rest })
})

test('line comments become block comments, and strings stay', () => {
  expect(withBlockComments("SELECT '--a' -- b */ c\n+ 1 -- d", sqlDialect)).toBe(
    "SELECT '--a' /* b * / c */\n+ 1 -- d",
  )
  expect(withBlockComments("RETURN 'http://a' // b\n;", graphDialect)).toBe(
    "RETURN 'http://a' /* b */\n;",
  )
})
