import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test, vi } from 'vitest'
import { DuckSession } from '../src/session.ts'
import { printSql } from '../src/sql-print.ts'

test('what prints trees stays prepared, but not with a long one in it', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  // Of what stays prepared alone; the session keeps what it was given last with it.
  const prepared = vi.spyOn(connection, 'prepare')
  const context = { hiddenDirectories: [], damagedFile: 'corrupt' } as const
  {
    await using session = new DuckSession(connection, context, () => undefined)
    const treeOf = async (sql: string) => {
      const parameters = { values: [sql] }
      const text = 'SELECT json_serialize_sql($1::VARCHAR) AS tree'
      const [row] = await session.rows(text, { parameters })
      return String(row?.tree)
    }
    const print = async (sql: string) => printSql(session, await treeOf(sql), undefined)
    const many = Array.from({ length: 2000 }, (_, at) => at)
    expect(await print(`SELECT ${many.join(',')}`)).toBe(`SELECT ${many.join(', ')}`)
    expect(prepared).not.toHaveBeenCalled()
    expect(await print('select 1')).toBe('SELECT 1')
    expect(await print('select 2')).toBe('SELECT 2')
    expect(prepared).toHaveBeenCalledTimes(1)
  }
  instance.closeSync()
})
