import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json, Server, temporaryDirectory } from './_server.ts'

interface Job {
  readonly id: string
  readonly state: string
  readonly receipt: { readonly rows: number } | null
  readonly error: { readonly code: string } | null
}

async function submit(server: Server, table: string, body: string, query = 'format=csv') {
  const response = await server.fetch(`/v1/ingest/${table}?${query}`, {
    method: 'PUT',
    body,
    headers: { prefer: 'respond-async' },
  })
  expect(response.status).toBe(202)
  const job = await json<Job>(response)
  expect(response.headers.get('location')).toBe(`/v1/jobs/${job.id}`)
  return job.id
}

async function ended(server: Server, id: string): Promise<Job> {
  for (;;) {
    const job = await json<Job>(await server.fetch(`/v1/jobs/${id}?waitMs=20000`))
    if (job.state !== 'waiting' && job.state !== 'running') return job
  }
}

test('a job by HTTP: accepted, waited for, listed, parked, retried, cancelled, deleted', async () => {
  await using server = await Server.start()
  const id = await submit(server, 'main.later', 'a\n1\n2\n')
  expect(await ended(server, id)).toMatchObject({ state: 'succeeded', receipt: { rows: 2 } })
  expect((await server.sql('SELECT sum(a) FROM main.later')).rows).toEqual([[3]])
  const bad = await submit(server, 'main.bad', '{"a":', 'format=ndjson')
  expect(await ended(server, bad)).toMatchObject({ state: 'parked', error: { code: 'invalid' } })
  const list = async (query: string) =>
    (await json<{ jobs: Job[] }>(await server.fetch(`/v1/jobs?${query}`))).jobs
  expect((await list('')).map((job) => job.id)).toEqual([bad, id])
  expect((await list('state=parked')).map((job) => job.id)).toEqual([bad])
  const post = (what: string) => server.fetch(`/v1/jobs/${bad}/${what}`, { method: 'POST' })
  expect((await post('retry')).status).toBe(200)
  expect(await ended(server, bad)).toMatchObject({ state: 'parked' })
  expect((await post('cancel')).status).toBe(200)
  expect(await ended(server, bad)).toMatchObject({ state: 'cancelled' })
  expect((await post('retry')).status).toBe(409)
  expect((await server.fetch(`/v1/jobs/${bad}`, { method: 'DELETE' })).status).toBe(204)
  expect((await server.fetch(`/v1/jobs/${bad}`)).status).toBe(404)
  expect((await server.fetch('/v1/jobs/x')).status).toBe(400)
})

test('jobs that were accepted before a kill are done once by the next process', async () => {
  const dataDir = await temporaryDirectory()
  const first = await Server.start({ dataDir })
  const ids: string[] = []
  for (let row = 0; row < 8; row += 1) {
    ids.push(await submit(first, 'main.killed', `a\n${row}\n`, 'format=csv&again=true'))
  }
  await first.kill()
  await using second = await Server.start({ dataDir })
  for (const id of ids) expect(await ended(second, id)).toMatchObject({ state: 'succeeded' })
  expect((await second.sql('SELECT count(*), count(DISTINCT a) FROM main.killed')).rows).toEqual([
    [8, 8],
  ])
  await expect.poll(() => readdir(join(dataDir, 'jobs', 'bodies'))).toEqual([])
})

test('a job by the command line', async () => {
  await using server = await Server.start()
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-jobs-'))
  try {
    const path = join(directory, 'later.csv')
    await writeFile(path, 'a\n1\n')
    const sent = await server.command(['--json', 'ingest', '--async', path])
    const { id } = JSON.parse(sent.stdout) as Job
    const waited = await server.command(['jobs', 'wait', id])
    expect(waited).toMatchObject({ code: 0 })
    expect(waited.stdout).toContain('main.later  succeeded')
    expect((await server.command(['jobs', 'show', id])).stdout).toContain('1 row')
    expect((await server.command(['jobs', 'list', '--state', 'succeeded'])).stdout).toContain(id)
    const bad = join(directory, 'bad.ndjson')
    await writeFile(bad, '{"a":')
    const parked = JSON.parse((await server.command(['--json', 'ingest', '--async', bad])).stdout)
    expect(await server.command(['jobs', 'wait', parked.id])).toMatchObject({ code: 1 })
    expect(await server.command(['jobs', 'retry', parked.id])).toMatchObject({ code: 0 })
    expect((await server.command(['jobs', 'cancel', parked.id])).stdout).toMatch(/cancelled|parked/)
    await server.command(['jobs', 'wait', parked.id])
    expect(await server.command(['jobs', 'delete', parked.id])).toMatchObject({ code: 0 })
    expect(await server.command(['jobs', 'show', parked.id])).toMatchObject({ code: 1 })
  } finally {
    await rm(directory, { recursive: true })
  }
})
