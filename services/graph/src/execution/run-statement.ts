import type { Principal } from '@hypermesh/contract'
import type { RunnableStatement, Statement } from '../language/syntax-tree.ts'
import { runCompactThreshold } from './compaction.ts'
import { runCopy } from './copy-run.ts'
import {
  runAlterTable,
  runCreateIndex,
  runCreateTable,
  runDropIndex,
  runDropTable,
  runShowIndexes,
} from './definition-run.ts'
import { runExplain } from './explain-run.ts'
import { runMatch } from './match-run.ts'
import { runPath } from './path-run.ts'
import { runCall } from './procedures.ts'
import type { QueryContext, QueryResult } from './query-result.ts'
import { assertMayRun } from './statement-roles.ts'
import { runDelete, runInsert, runUpdate } from './write-run.ts'

/**
 * Checks who asks, then everything that needs no row; what it gives back runs as its rows are read.
 * Nobody else runs statements: whoever comes in by another door passes here.
 */
export function runStatement(
  statement: Statement,
  principal: Principal,
  context: QueryContext,
): QueryResult {
  assertMayRun(principal, statement)
  if (statement.kind === 'explain') return runExplain(statement, context, run)
  return run(statement, context)
}

function run(statement: RunnableStatement, context: QueryContext): QueryResult {
  switch (statement.kind) {
    case 'match':
      return runMatch(statement, context)
    case 'path':
      return runPath(statement, context)
    case 'insert':
      return runInsert(statement, context)
    case 'update':
      return runUpdate(statement, context)
    case 'delete':
      return runDelete(statement, context)
    case 'copy':
      return runCopy(statement, context)
    case 'createTable':
      return runCreateTable(statement, context)
    case 'alterTable':
      return runAlterTable(statement, context)
    case 'dropTable':
      return runDropTable(statement, context)
    case 'createIndex':
      return runCreateIndex(statement, context)
    case 'dropIndex':
      return runDropIndex(statement, context)
    case 'showIndexes':
      return runShowIndexes(statement, context)
    case 'compactThreshold':
      return runCompactThreshold(statement, context)
    case 'call':
      return runCall(statement, context)
  }
}
