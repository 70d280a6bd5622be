import { type Job, type JobState, jobStates } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { exitCodes, ReportedFailure, UsageError } from '../failure.ts'
import { formatInstant } from '../instant.ts'
import { formatBytes, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'
import type { Terminal } from '../terminal.ts'

export interface JobsListFlags {
  readonly state?: string
  readonly table?: string
  readonly limit?: string
}

/** Lists jobs, newest first: one's own, or with an admin key everybody's. */
export async function runJobsList(context: CommandContext, flags: JobsListFlags): Promise<void> {
  const { terminal, json, signal, connect } = context
  const state = parseState(flags.state)
  const limit = parseLimit(flags.limit)
  const { client } = await connect()
  const { table } = flags
  const page = await client.listJobs(
    {
      ...(state === undefined ? {} : { state }),
      ...(table === undefined ? {} : { table }),
      ...(limit === undefined ? {} : { limit }),
    },
    { signal },
  )
  if (json) return terminal.print(JSON.stringify(page.jobs))
  printTable(
    terminal,
    ['id', 'table', 'state', 'submitted', 'attempts', 'what'].map((name) => ({ name })),
    page.jobs.map((job) => [
      job.id,
      job.table,
      stateText(job),
      formatInstant(job.submittedAt),
      String(job.attempts),
      outcomeText(job),
    ]),
  )
  if (page.nextPageToken !== null) terminal.note('there are older ones; ask for more with --limit')
}

export async function runJobsShow(context: CommandContext, id: string): Promise<void> {
  const { client } = await context.connect()
  printJob(context, await client.getJob(id, { signal: context.signal }))
}

/** Waits for the end of a job; a job that did not succeed is a failure. */
export async function runJobsWait(context: CommandContext, id: string): Promise<void> {
  const { client } = await context.connect()
  const job = await client.waitForJob(id, { signal: context.signal })
  printJob(context, job)
  if (job.state !== 'succeeded') throw new ReportedFailure(exitCodes.failed)
}

/** Cancels and waits for what comes of it: a load that had landed stays. */
export async function runJobsCancel(context: CommandContext, id: string): Promise<void> {
  const { client } = await context.connect()
  await client.cancelJob(id, { signal: context.signal })
  printJob(context, await client.waitForJob(id, { signal: context.signal }))
}

export async function runJobsRetry(context: CommandContext, id: string): Promise<void> {
  const { client } = await context.connect()
  printJob(context, await client.retryJob(id, { signal: context.signal }))
}

export async function runJobsDelete(context: CommandContext, id: string): Promise<void> {
  const { client } = await context.connect()
  await client.deleteJob(id, { signal: context.signal })
  if (!context.json) context.terminal.print(`deleted job ${id}`)
}

export function printJob({ terminal, json }: Pick<CommandContext, 'terminal' | 'json'>, job: Job) {
  if (json) return terminal.print(JSON.stringify(job))
  terminal.print(`${markOf(terminal, job)} job ${job.id}  ${job.table}  ${stateText(job)}`)
  const outcome = outcomeText(job)
  if (outcome !== '') terminal.print(`  ${outcome}`)
}

function markOf(terminal: Terminal, { state }: Job): string {
  if (state === 'succeeded') return terminal.style('green', '✓')
  return state === 'parked' ? terminal.style('red', '✗') : terminal.style('yellow', '·')
}

function stateText({ state, cancelRequested, progress }: Job): string {
  const percent =
    typeof progress?.percentRead === 'number' ? ` ${Math.floor(progress.percentRead)} %` : ''
  const detail = progress === null ? '' : `, ${progress.phase}${percent}`
  return `${state}${cancelRequested && state === 'running' ? ', to be cancelled' : detail}`
}

function outcomeText({ receipt, error, retryAt, bytes }: Job): string {
  if (receipt?.result === 'already-loaded') return 'the table had these bytes already'
  if (receipt !== null) {
    return `${formatPlural(receipt.rows, 'row')} · snapshot ${receipt.snapshotId}`
  }
  if (error === null) return bytes === null ? 'read in place' : formatBytes(bytes)
  const again = retryAt === null ? '' : ` · again at ${formatInstant(retryAt)}`
  return `${error.code}: ${error.message}${again}`
}

function parseState(text: string | undefined): JobState | undefined {
  const state = jobStates.find((each) => each === text)
  if (text === undefined || state !== undefined) return state
  throw new UsageError(`no state "${text}"; the states are ${jobStates.join(', ')}`)
}

function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new UsageError(`--limit ${text}: give a number of jobs`)
}
