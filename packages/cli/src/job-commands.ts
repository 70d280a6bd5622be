import type { Command } from 'commander'
import type { CommandContext } from './command-context.ts'

type Runner = (work: (context: CommandContext) => Promise<void>) => Promise<void>

const load = () => import('./commands/jobs.ts')

/** `hypermesh jobs …`: what became of files that were sent with `ingest --async`. */
export function addJobs(program: Command, run: Runner): void {
  const jobs = program
    .command('jobs')
    .description('list, wait for, cancel and retry loads that run as jobs')
  jobs
    .command('list')
    .description('list jobs, newest first; with an admin key everybody’s')
    .option('--state <state>', 'waiting, running, parked, succeeded or cancelled')
    .option('-t, --table <name>', 'those into this table')
    .option('--limit <count>', 'so many (default: 100)')
    .action((flags) => run(async (context) => (await load()).runJobsList(context, flags)))
  const one = (
    name: string,
    description: string,
    work: (context: CommandContext, id: string) => Promise<void>,
  ) =>
    jobs
      .command(name)
      .description(description)
      .argument('<id>', 'the id that ingest --async printed')
      .action((id: string) => run((context) => work(context, id)))
  one('show', 'show a job and how far it is', async (context, id) =>
    (await load()).runJobsShow(context, id),
  )
  one('wait', 'wait for a job to end; exit code 1 unless it has succeeded', async (context, id) =>
    (await load()).runJobsWait(context, id),
  )
  one('cancel', 'cancel a job; what has landed stays', async (context, id) =>
    (await load()).runJobsCancel(context, id),
  )
  one('retry', 'try a parked job again', async (context, id) =>
    (await load()).runJobsRetry(context, id),
  )
  one('delete', 'forget a job that has ended or is parked, and its file', async (context, id) =>
    (await load()).runJobsDelete(context, id),
  )
}
