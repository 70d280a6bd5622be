import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import type { Job } from '@hypermesh/contract'
import { crashStates, runChild } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openPlatform, withDirectory } from './_platform.ts'
import { settledRows } from './_settled.ts'

const child = new URL('./_crash-job-child.ts', import.meta.url)

async function endAll(client: HyperMeshClient): Promise<Job[]> {
  const { jobs } = await client.listJobs()
  return Promise.all(jobs.map((job) => client.waitForJob(job.id)))
}

/** Of the points in the load itself, which has a sweep of its own, each of so many is looked at. */
const everyInLoad = 3

test(
  'a process that dies at any fault point of a job has it done by the next, once it was accepted',
  () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root)
      const work = { body: 'a,b\n1,x\n', format: 'csv' } as const
      await using crashes = await crashStates(root, async (mark) => {
        const { id } = await platform.client.submitIngest('crash.t', work)
        mark('accepted')
        await platform.client.waitForJob(id)
        await expect.poll(() => platform.jobBodies()).toEqual([])
      })
      const accepted = crashes.points.indexOf('accepted')
      const seen = new Set<string>()
      for (const [at, state] of crashes.states.entries()) {
        const isInLoad = at > accepted + 12 && at < crashes.states.length - 12
        if (isInLoad && at % everyInLoad > 0) continue
        await using next = await openPlatform(state)
        const found = (await next.client.listJobs()).jobs.map((job) => job.state)
        const jobs = await endAll(next.client)
        // A job that was accepted, and one that is known at all, has loaded once.
        expect([at, jobs.map((job) => job.state)]).toEqual([at, jobs.map(() => 'succeeded')])
        if (at >= accepted) expect([at, jobs.length]).toEqual([at, 1])
        await expect.poll(() => next.jobBodies()).toEqual([])
        expect([at, await settledRows(next)]).toEqual([at, jobs.length])
        seen.add(`${found}`)
      }
      expect(crashes.points.length).toBeGreaterThan(50)
      // Before it was there, waiting or taken, and after its end.
      expect([...seen]).toEqual(expect.arrayContaining(['', 'waiting', 'succeeded']))
    }),
  120_000,
)

test(
  'a job whose process is killed is taken over by another that lives',
  {
    timeout: 120_000,
  },
  () =>
    withDirectory(async (root) => {
      const data = join(root, 'data')
      const source = join(root, 'x.csv')
      await writeFile(source, 'a,b\n1,x\n')
      await using other = await openPlatform(data)
      const { printed } = await runChild(child, [data, source, 'commit'])
      expect(printed).toBe('accepted ')
      const [job] = (await other.client.listJobs()).jobs
      expect(await other.client.waitForJob(job?.id ?? '')).toMatchObject({
        state: 'succeeded',
        attempts: 2,
        interruptions: 1,
      })
      expect((await other.client.listTables()).tables).toMatchObject([{ rows: 1 }])
    }),
)

test(
  'a job that ends its process again and again is parked, and a person may try it again',
  {
    timeout: 120_000,
  },
  () =>
    withDirectory(async (root) => {
      const data = join(root, 'data')
      const source = join(root, 'x.csv')
      await writeFile(source, 'a,b\n1,x\n')
      for (const file of [source, '-', '-']) {
        await runChild(child, [data, file, 'commit'])
      }
      await using platform = await openPlatform(data)
      const [job] = await endAll(platform.client)
      expect(job).toMatchObject({
        state: 'parked',
        interruptions: 3,
        error: { code: 'internal', message: expect.stringContaining('3 times') },
      })
      expect(await platform.jobBodies()).toHaveLength(1)
      await platform.client.retryJob(job?.id ?? '')
      expect(await platform.client.waitForJob(job?.id ?? '')).toMatchObject({ state: 'succeeded' })
      expect(await settledRows(platform)).toBe(1)
    }),
)
