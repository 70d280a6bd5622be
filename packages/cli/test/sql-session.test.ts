import { createClient } from '@hypermesh/client'
import { startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { SqlSession } from '../src/sql-session.ts'
import { capturedTerminal } from './_captured-terminal.ts'

test('Ctrl-C stops the statement even where the server does not see its client go', async () => {
  await using platform = await startPlatform()
  const { reader } = platform.clients
  // As a proxy does that keeps its own connection open.
  const fetch = (request: Request) =>
    new Promise<Response>((resolve, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason))
      request.text().then((body) => {
        const { method, headers } = request
        const { pathname } = new URL(request.url)
        const init = { method, headers, ...(body === '' ? {} : { body }) }
        platform.fetch(pathname, init).then(resolve, reject)
      }, reject)
    })
  const session = new SqlSession({
    terminal: capturedTerminal().terminal,
    client: createClient({ fetch, key: platform.keys.reader }),
    format: 'table',
    parameters: undefined,
    rowsMax: undefined,
    timeoutMs: undefined,
  })
  const ctrlC = new AbortController()
  const sql = 'SELECT count(*) FROM range(1000000000) a, range(1000000000) b'
  const run = expect(session.run(sql, ctrlC.signal)).rejects.toMatchObject({ code: 'cancelled' })
  const states = async () => (await reader.listQueries()).queries.map(({ state }) => state)
  while (!(await states()).includes('running'));
  ctrlC.abort()
  await run
  while ((await states()).length > 0);
  expect((await reader.sql('SELECT 1')).rows).toEqual([[1]])
})
