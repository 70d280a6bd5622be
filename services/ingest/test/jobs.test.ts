import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import { onFaultPoint } from '@hypermesh/object-store'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

const cars = { body: 'name,horsepower\nchevelle,130\nford,90\n', format: 'csv' } as const
const quick = { jobRetryMs: 1, jobRetryMsMax: 2 }

function withPlatform(
  body: (platform: Platform) => Promise<void>,
  options: PlatformOptions = {},
): Promise<void> {
  return withDirectory(async (root) => {
    await using platform = await openPlatform(root, options)
    await body(platform)
  })
}

async function rowsOf(client: HyperMeshClient): Promise<number> {
  const { tables } = await client.listTables()
  return tables.reduce((sum, table) => sum + (table.rows ?? 0), 0)
}

/** Holds every commit until it is let go. */
function holdCommits() {
  let release = () => {}
  let reach = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const options: PlatformOptions = {
    catalogThrough: (inner) => async (request, context) => {
      if (request.url.endsWith('/append-files')) {
        reach()
        await Promise.race([
          released,
          new Promise((_, reject) => {
            request.signal.addEventListener('abort', () => reject(request.signal.reason))
          }),
        ])
      }
      return inner(request, context)
    },
  }
  return { options, release, reached }
}

test('a load that is submitted is accepted, done, and answered with its receipt', () =>
  withPlatform(async ({ fetch, client, jobBodies, leftovers }) => {
    const response = await fetch(
      new Request('http://platform/v1/ingest/n.cars?format=csv', {
        method: 'PUT',
        body: cars.body,
        headers: { prefer: 'wait=1, respond-async' },
      }),
    )
    expect(response.status).toBe(202)
    expect(response.headers.get('preference-applied')).toBe('respond-async')
    const accepted = (await response.json()) as { id: string }
    expect(response.headers.get('location')).toBe(`/v1/jobs/${accepted.id}`)
    const job = await client.waitForJob(accepted.id)
    expect(job).toMatchObject({ state: 'succeeded', attempts: 1, error: null, table: 'n.cars' })
    expect(job.receipt).toMatchObject({ result: 'committed', rows: 2, bytesIn: cars.body.length })
    const { snapshots } = await client.tableHistory('n.cars')
    expect(snapshots.map((each) => each.snapshotId)).toEqual([job.receipt?.snapshotId])
    await expect.poll(jobBodies).toEqual([])
    expect(await leftovers()).toEqual([])
  }))

test('a running job tells its phase and rows, and a wait ends with the job', async () => {
  const { options, release, reached } = holdCommits()
  await withPlatform(async ({ client }) => {
    const { id } = await client.submitIngest('n.cars', cars)
    await reached
    const running = await client.getJob(id, { waitMs: 1 })
    expect(running).toMatchObject({
      state: 'running',
      progress: { phase: 'committing', percentRead: null, rowsWritten: 2 },
    })
    const waiting = client.getJob(id, { waitMs: 20_000 })
    release()
    expect(await waiting).toMatchObject({ state: 'succeeded', progress: null })
  }, options)
})

test('a job that cannot succeed is parked with its error, and retried or deleted by a person', () =>
  withPlatform(async ({ client, jobBodies }) => {
    const { id } = await client.submitIngest('n.bad', { body: '{"a":', format: 'ndjson' })
    const parked = await client.waitForJob(id)
    expect(parked).toMatchObject({ state: 'parked', attempts: 1, error: { code: 'invalid' } })
    expect(await jobBodies()).toHaveLength(1)
    expect((await client.retryJob(id)).state).toBe('waiting')
    expect(await client.waitForJob(id)).toMatchObject({ state: 'parked', attempts: 1 })
    await client.deleteJob(id)
    await expect(client.getJob(id)).rejects.toMatchObject({ code: 'not_found' })
    await expect.poll(jobBodies).toEqual([])
    expect((await client.listJobs()).jobs).toEqual([])
  }))

test('what may pass is tried again after a pause, and parked after so many attempts', async () => {
  let failures = 2
  const options: PlatformOptions = {
    limits: { ...quick, jobAttemptsMax: 3 },
    catalogThrough: (inner) => (request, context) => {
      if (request.method === 'GET' && failures-- > 0) throw new TypeError('no connection')
      return inner(request, context)
    },
  }
  await withPlatform(async ({ client }) => {
    // Each call of the client is repeated twice before it fails.
    failures = 2 * 3
    const first = await client.submitIngest('n.cars', cars)
    expect(await client.waitForJob(first.id)).toMatchObject({ state: 'succeeded', attempts: 3 })
    failures = Number.POSITIVE_INFINITY
    const second = await client.submitIngest('n.cars', { ...cars, body: 'name\nopel\n' })
    const parked = await client.waitForJob(second.id)
    expect(parked).toMatchObject({ state: 'parked', attempts: 3, error: { code: 'unavailable' } })
    failures = 0
    await client.retryJob(second.id)
    expect(await client.waitForJob(second.id)).toMatchObject({ state: 'succeeded', error: null })
    expect(await rowsOf(client)).toBe(3)
  }, options)
})

test('a job whose record was taken away ends with its attempt, and the next one runs', async () => {
  const { options, release, reached } = holdCommits()
  await withPlatform(async ({ root, client, jobBodies }) => {
    await client.submitIngest('n.t', cars)
    await reached
    const records = join(root, 'jobs', 'records')
    for (const name of await readdir(records)) await rm(join(records, name))
    release()
    const next = await client.submitIngest('n.t', { ...cars, again: true })
    expect(await client.waitForJob(next.id)).toMatchObject({ state: 'succeeded' })
    expect((await client.listJobs()).jobs.map(({ id }) => id)).toEqual([next.id])
    await expect.poll(jobBodies).toEqual([])
    expect(await rowsOf(client)).toBe(4)
  }, options)
})

test('a waiting job is cancelled at once, a running one ends without a trace', async () => {
  const { options, reached } = holdCommits()
  await withPlatform(async ({ client, jobBodies, leftovers, warehouseFiles }) => {
    const running = await client.submitIngest('n.cars', cars)
    const waiting = await client.submitIngest('n.cars', { ...cars, body: 'name\nopel\n' })
    await reached
    expect(await client.cancelJob(waiting.id)).toMatchObject({ state: 'cancelled', attempts: 0 })
    expect(await client.cancelJob(running.id)).toMatchObject({ cancelRequested: true })
    expect(await client.waitForJob(running.id)).toMatchObject({ state: 'cancelled', receipt: null })
    await expect.poll(jobBodies).toEqual([])
    expect(await leftovers()).toEqual([])
    expect(await warehouseFiles()).toEqual([])
    expect((await client.listTables()).tables).toEqual([])
    // Cancelling again changes nothing; an ended job cannot be retried.
    expect(await client.cancelJob(running.id)).toMatchObject({ state: 'cancelled' })
    await expect(client.retryJob(running.id)).rejects.toMatchObject({ code: 'conflict' })
  }, options)
})

test('jobs are their submitter’s; an admin sees all, in pages, by state and table', () =>
  withPlatform(async ({ client, as }) => {
    const ids: string[] = []
    for (const row of [1, 2, 3, 4, 5]) {
      const { id } = await client.submitIngest('n.mine', { body: `a\n${row}\n`, format: 'csv' })
      await client.waitForJob(id)
      ids.unshift(id)
    }
    const other = as('other')
    const { id } = await other.submitIngest('n.theirs', { body: 'a\n1\n', format: 'csv' })
    await other.waitForJob(id)
    const missing = { code: 'not_found' }
    await expect(client.getJob(id)).rejects.toMatchObject(missing)
    await expect(client.cancelJob(id)).rejects.toMatchObject(missing)
    await expect(client.deleteJob(id)).rejects.toMatchObject(missing)
    await expect(client.listJobs({ submittedBy: 'other' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await other.listJobs()).jobs.map((job) => job.id)).toEqual([id])
    const seen: string[] = []
    let pageToken: string | undefined
    do {
      const page = await client.listJobs({ limit: 2, ...(pageToken ? { pageToken } : {}) })
      expect(page.jobs.length).toBeLessThanOrEqual(2)
      seen.push(...page.jobs.map((job) => job.id))
      pageToken = page.nextPageToken ?? undefined
    } while (pageToken !== undefined)
    expect([...seen].sort()).toEqual([...ids].sort())
    const admin = as('root', 'admin')
    expect((await admin.listJobs()).jobs).toHaveLength(6)
    expect((await admin.listJobs({ table: 'N.THEIRS' })).jobs.map((job) => job.id)).toEqual([id])
    expect((await admin.listJobs({ submittedBy: 'writer' })).jobs).toHaveLength(5)
    expect((await admin.listJobs({ state: 'parked' })).jobs).toEqual([])
    await expect(client.listJobs({ pageToken: 'x' })).rejects.toMatchObject({ code: 'invalid' })
  }))

test('a submission under a key is one job; another load under it is refused', () =>
  withPlatform(async ({ client, jobBodies }) => {
    const key = { idempotencyKey: 'once' }
    const submissions = await Promise.all(
      [1, 2, 3].map(() => client.submitIngest('n.cars', { ...cars, again: true }, key)),
    )
    expect(new Set(submissions.map((job) => job.id)).size).toBe(1)
    const id = submissions[0]?.id ?? ''
    await client.waitForJob(id)
    const again = await client.submitIngest('n.cars', { ...cars, again: true }, key)
    expect(again).toMatchObject({ id, state: 'succeeded' })
    await expect(
      client.submitIngest('n.cars', { ...cars, body: 'name\nopel\n' }, key),
    ).rejects.toMatchObject({ code: 'key_reused' })
    expect(await rowsOf(client)).toBe(2)
    await expect.poll(jobBodies).toEqual([])
  }))

test('ended jobs are kept up to their number, parked ones beside them, and no more than fit', () =>
  withPlatform(
    async ({ client, jobBodies }) => {
      const parked = await client.submitIngest('n.bad', { body: '{"a":', format: 'ndjson' })
      await client.waitForJob(parked.id)
      await expect(
        client.submitIngest('n.bad', { body: 'x'.repeat(1000), format: 'csv' }),
      ).rejects.toMatchObject({ code: 'unavailable', details: { limit: 'job_bytes_max' } })
      for (const row of [1, 2, 3]) {
        const { id } = await client.submitIngest('n.t', { body: `a\n${row}\n`, format: 'csv' })
        await client.waitForJob(id)
      }
      // Forgotten when the next one comes, or at the next look.
      const succeeded = async () => (await client.listJobs({ state: 'succeeded' })).jobs.length
      await expect.poll(succeeded).toBe(2)
      const second = await client.submitIngest('n.bad', { body: '{"b":', format: 'ndjson' })
      await client.waitForJob(second.id)
      await expect(client.submitIngest('n.bad', cars)).rejects.toMatchObject({
        code: 'unavailable',
        details: { jobsMax: 2 },
      })
      expect(await jobBodies()).toHaveLength(2)
    },
    { limits: { jobsMax: 2, jobBytesMax: 100, jobsEndedMax: 2 } },
  ))

test('uploads that come in at once share the room that there is', () =>
  withPlatform(
    async ({ client, jobBodies }) => {
      let arrive = () => {}
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve
      })
      let finish = () => {}
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      const slow = (async function* () {
        yield Buffer.from(`a\n${'1'.repeat(60)}\n`)
        arrive()
        await finished
      })()
      const first = client.submitIngest('n.t', { body: slow, format: 'csv' })
      await arrived
      await expect(
        client.submitIngest('n.t', { body: 'x'.repeat(60), format: 'csv' }),
      ).rejects.toMatchObject({ code: 'unavailable', details: { limit: 'job_bytes_max' } })
      finish()
      const { id } = await first
      expect(await client.waitForJob(id)).toMatchObject({ state: 'succeeded' })
      await expect.poll(jobBodies).toEqual([])
    },
    { limits: { jobBytesMax: 100 } },
  ))

test('a job whose record may not be durable is not accepted by sending it again either', () => {
  // The look at what others left, once a second, would find the record that may not be durable and run it.
  vi.useFakeTimers({ toFake: ['setInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return withPlatform(async ({ client }) => {
    const key = { idempotencyKey: 'twice' }
    const submit = () => client.submitIngest('n.cars', cars, key)
    // The directories are there: then each file is linked once.
    const other = await client.submitIngest('n.other', { body: '{"a":', format: 'ndjson' })
    await client.waitForJob(other.id)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const steps: string[] = []
      onFaultPoint((_, name) => {
        steps.push(name)
        // The first is of the file, the second of the record; then a file may be removed.
        const links = steps.filter((step) => step === 'link:before').length
        const isOfRecord =
          links === 2 && !steps.slice(steps.lastIndexOf('link:before')).includes('unlink:before')
        if (isOfRecord && name === 'sync-directory:before') {
          throw Object.assign(new Error('broken'), { code: 'EIO' })
        }
      })
      await expect(submit()).rejects.toMatchObject({ effect: 'unknown' })
      // The second time the record stands already.
      expect(steps.filter((step) => step === 'link:after')).toHaveLength(2 - attempt)
    }
    onFaultPoint(undefined)
    const { id } = await submit()
    expect(await client.waitForJob(id)).toMatchObject({ state: 'succeeded' })
    expect(await rowsOf(client)).toBe(2)
  })
})

test('a file that arrives cut short makes no job', () =>
  withPlatform(async ({ client, jobBodies, leftovers }) => {
    const body = (async function* () {
      yield Buffer.from('a\n')
      throw new Error('the line went dead')
    })()
    await expect(client.submitIngest('n.t', { body, format: 'csv' })).rejects.toThrow()
    onFaultPoint((_, name) => {
      if (name === 'link:before') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    })
    await expect(client.submitIngest('n.t', cars)).rejects.toMatchObject({ code: 'storage_full' })
    onFaultPoint(undefined)
    expect((await client.listJobs()).jobs).toEqual([])
    await expect.poll(jobBodies).toEqual([])
    expect(await leftovers()).toEqual([])
  }))

test('a job that waits or runs when the process stops is done by the next', () =>
  withDirectory(async (root) => {
    const { options, reached } = holdCommits()
    const ids: string[] = []
    {
      await using platform = await openPlatform(root, options)
      for (const row of [1, 2]) {
        const body = `a\n${row}\n`
        ids.push((await platform.client.submitIngest('n.t', { body, format: 'csv' })).id)
      }
      await reached
    }
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    await using platform = await openPlatform(root)
    for (const id of ids) {
      expect(await platform.client.waitForJob(id)).toMatchObject({
        state: 'succeeded',
        attempts: 1,
        interruptions: 0,
      })
    }
    expect(await rowsOf(platform.client)).toBe(2)
    await expect.poll(platform.jobBodies).toEqual([])
  }))

test('two processes on a directory run each job once, and see each other’s', () =>
  withDirectory(async (root) => {
    await using one = await openPlatform(root)
    await using two = await openPlatform(root)
    const ids = await Promise.all(
      Array.from({ length: 12 }, async (_, row) => {
        const { client } = row % 2 === 0 ? one : two
        const load = { body: `a\n${row}\n`, format: 'csv', again: true } as const
        return (await client.submitIngest('n.t', load)).id
      }),
    )
    for (const [row, id] of ids.entries()) {
      const { client } = row % 2 === 0 ? two : one
      expect(await client.waitForJob(id)).toMatchObject({ state: 'succeeded', attempts: 1 })
    }
    expect(await rowsOf(one.client)).toBe(12)
    expect((await two.client.listJobs()).jobs).toHaveLength(12)
    await one.client.deleteJob(ids[0] ?? '')
    await expect(two.client.getJob(ids[0] ?? '')).rejects.toMatchObject({ code: 'not_found' })
  }))

test('a file of the server is loaded in place by a job, and refused at once where it may not be', () =>
  withDirectory(async (root) => {
    const path = join(root, 'cars.csv')
    await writeFile(path, cars.body)
    const load = { source: path } as const
    await withPlatform(async ({ client }) => {
      await expect(client.submitIngest('n.t', load)).rejects.toMatchObject({ code: 'forbidden' })
      expect((await client.listJobs()).jobs).toEqual([])
    })
    await withPlatform(
      async ({ client }) => {
        const missing = { source: join(root, 'absent.csv') }
        await expect(client.submitIngest('n.t', missing)).rejects.toMatchObject({
          code: 'not_found',
        })
        const { id, bytes } = await client.submitIngest('n.t', load)
        expect(bytes).toBeNull()
        const job = await client.waitForJob(id)
        expect(job.receipt).toMatchObject({ rows: 2, inPlace: true })
      },
      { allowedRoots: [root] },
    )
  }))
