import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import type { Job } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { openPlatform, withDirectory } from './_platform.ts'
import { runChild } from './_run-child.ts'
import { settledRows } from './_settled.ts'

const child = new URL('./_crash-job-child.ts', import.meta.url)

async function endAll(client: HyperMeshClient): Promise<Job[]> {
  const { jobs } = await client.listJobs()
  return Promise.all(jobs.map((job) => client.waitForJob(job.id)))
}

/**
 * Kills at every third point up to where a job is accepted and claimed, then at fewer: those of the
 * load itself have a test of their own. Returns how many kills left a job that the next process ended.
 */
async function sweep(first: number): Promise<number> {
  let resumed = 0
  await withDirectory(async (root) => {
    const data = join(root, 'data')
    const source = join(root, 'x.csv')
    let done = 0
    for (let point = first; ; point += point < 44 ? 3 : 9) {
      await writeFile(source, `a,b\n${point},x\n`)
      const printed = await runChild(child, [data, source, point])
      await using platform = await openPlatform(data)
      const jobs = await endAll(platform.client)
      // Each job that was accepted, and each that is known at all, has loaded once.
      expect(jobs.map((job) => job.state)).toEqual(jobs.map(() => 'succeeded'))
      expect([done, done + 1]).toContain(jobs.length)
      if (printed.includes('accepted')) expect(jobs.length).toBe(done + 1)
      await expect.poll(() => platform.jobBodies()).toEqual([])
      expect(await settledRows(platform)).toBe(jobs.length)
      if (printed.includes('unreached')) {
        expect(point).toBeGreaterThan(40)
        return
      }
      if (jobs.length > done && !printed.includes('ended')) resumed += 1
      done = jobs.length
    }
  })
  return resumed
}

test('a kill at any fault point of a job loads its file once, or not at all before it was accepted', {
  timeout: 900_000,
}, async () => {
  const resumed = await Promise.all([sweep(1), sweep(2), sweep(3)])
  expect(resumed.reduce((sum, of) => sum + of)).toBeGreaterThan(5)
})

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
      const printed = await runChild(child, [data, source, 'commit'])
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
