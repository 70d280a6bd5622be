import { parseGraphTableName, parseIdentifier } from '@hypermesh/contract'
import { UsageError } from './failure.ts'

export interface GraphTarget {
  readonly database: string
  readonly table: string
}

/** `code.commits`: a hyperedge table is always named with its database. */
export function parseGraphTarget(text: string): GraphTarget {
  const [database = '', table, ...rest] = text.split('.')
  if (table === undefined || rest.length > 0) {
    throw new UsageError(`"${text}": name the database and the table, as in code.commits`)
  }
  return { database: parseIdentifier(database), table: parseGraphTableName(table) }
}
