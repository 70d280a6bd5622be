// Run by large.ts, each action in a process of its own.
import { readFileSync } from 'node:fs'
import { Database, type Table } from '@hypermesh/engine'
import { hyperedgesOf, tableOf } from './hypermesh.ts'
import type { DeadlineReport, PagedReport } from './large.ts'
import { synthetic } from './synthetic.ts'

const [action, graph = '', count = '0'] = process.argv.slice(2)
const edgeCount = Number(count)
const rowsACommit = 250_000
const deadlineMs = 2
const tries = 10

const db = await Database.open(graph, { timeUnit: 'us' })
if (action === 'load') console.log(await load())
else if (action === 'page') console.log(JSON.stringify(await page(db.table('edges'))))
else console.log(JSON.stringify(await passDeadlines(db.table('edges'))))
await db.close()

async function load(): Promise<string> {
  const edges = await tableOf(db)
  const data = synthetic(edgeCount, edgeCount / 5)
  const began = performance.now()
  for (let from = 0; from < edgeCount; from += rowsACommit) {
    const to = Math.min(from + rowsACommit, edgeCount)
    await edges.insertColumns(hyperedgesOf(data, from, to))
  }
  await db.compact()
  return `loaded in ${((performance.now() - began) / 1000).toFixed(1)} s`
}

async function page(edges: Table): Promise<PagedReport> {
  const began = performance.now()
  let rows = 0
  let idSum = 0
  let idMin = Number.POSITIVE_INFINITY
  let idMax = 0
  let pages = 0
  let anonymousMibMost = 0
  for await (const batch of edges.pages()) {
    rows += batch.rowCount
    for (const id of batch.ids) {
      idSum += id
      if (id < idMin) idMin = id
      if (id > idMax) idMax = id
    }
    pages++
    anonymousMibMost = Math.max(anonymousMibMost, anonymousMib())
  }
  // Ids were given out without a gap: so each row was there once.
  const isWhole = idMax - idMin + 1 === rows && idSum === ((idMin + idMax) / 2) * rows
  const seconds = (performance.now() - began) / 1000
  return { rows, isWhole, pages, seconds, anonymousMibMost }
}

async function passDeadlines(edges: Table): Promise<DeadlineReport> {
  // No index and no zone map helps, and little matches: each would read the whole table.
  const few = {
    and: [
      { column: 'qty', gte: 400, lte: 600 },
      { column: 'kind', eq: 7 },
      { column: 'amt', gte: 9990 },
    ],
  } as const
  const queries: Readonly<Record<string, () => Promise<{ readonly truncated: unknown }>>> = {
    find: () => edges.find({ where: few, deadlineMs }),
    'find backwards': () => edges.find({ where: few, newestFirst: true, deadlineMs }),
    'find into 256 MiB': () => edges.find({ limit: edgeCount, deadlineMs }),
    'group by node': () =>
      edges.aggregate({ groupBy: ['node'], measures: { n: 'count' }, deadlineMs }),
    'distinct members': () =>
      edges.aggregate({ measures: { n: { distinct: 'members' } }, deadlineMs }),
    'group by label': () =>
      edges.aggregate({ groupBy: ['label'], measures: { n: { sum: 'amt' } }, deadlineMs }),
    expand: () => edges.expand({ seeds: [1, 2, 3], hops: 6, order: 'any', deadlineMs }),
    join: () =>
      db.join({
        left: { table: 'edges' },
        right: { table: 'edges' },
        withinMs: 60_000,
        sharedMin: 2,
        deadlineMs,
      }),
  }
  const report: Record<string, number[]> = {}
  for (const [name, ask] of Object.entries(queries)) {
    report[name] = []
    for (let i = 0; i < tries; i++) {
      const began = performance.now()
      const { truncated } = await ask()
      const ms = performance.now() - began
      if (truncated !== null) report[name].push(ms - deadlineMs)
    }
    if (report[name].length === 0) throw new Error(`${name} was always done before its deadline`)
  }
  return report
}

function anonymousMib(): number {
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  if (line === null) throw new Error('this system does not tell RssAnon')
  return Number(line[1]) / 1024
}
