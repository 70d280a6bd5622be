import { resultFormats } from '@hypermesh/contract'
import type { Command, Option } from 'commander'
import type { Runner } from './program-tables.ts'

type Repeated = (flags: string, description: string) => Option

/** `saved …`: statements that the server keeps by name, with typed parameters. */
export function addSavedQueries(program: Command, run: Runner, repeated: Repeated): void {
  const saved = program.command('saved').description('list, keep and run queries by name')
  const load = () => import('./commands/saved-queries.ts')
  saved
    .command('list')
    .description('list the saved queries with their parameters')
    .action(() => run(async (context) => (await load()).runSavedList(context)))
  saved
    .command('show')
    .description('print the statement of a saved query')
    .argument('<name>')
    .action((name) => run(async (context) => (await load()).runSavedShow(context, name)))
  saved
    .command('put')
    .description('check a statement and keep it; one of that name is replaced')
    .argument('<name>')
    .argument('[statement]')
    .option('-f, --file <file>', 'the statement of a file')
    .option('--namespace <name>', 'where a table name without one is looked up')
    .option('--description <text>', 'what it is for')
    .addOption(repeated('-p, --param <parameter>', 'a parameter: n:INTEGER, since:DATE=2024-01-31'))
    .addHelpText(
      'after',
      `
Examples:
  hypermesh saved put top "FROM main.cars ORDER BY hp DESC LIMIT $n" -p n:INTEGER=10
  hypermesh saved run top -p n=3`,
    )
    .action((name, statement, flags) =>
      run(async (context) => (await load()).runSavedPut(context, name, statement, flags)),
    )
  saved
    .command('run')
    .description('run a saved query')
    .argument('<name>')
    .option('--format <format>', `table, ${resultFormats.join(', ')} (default: table)`)
    .addOption(repeated('-p, --param <name=value>', 'a value of a parameter'))
    .option('--max-rows <count>', 'cut the result after so many rows, and say so')
    .option('--timeout <seconds>', 'give up after so long')
    .action((name, flags) =>
      run(async (context) => (await load()).runSavedRun(context, name, flags)),
    )
  saved
    .command('delete')
    .description('forget a saved query')
    .argument('<name>')
    .action((name) => run(async (context) => (await load()).runSavedDelete(context, name)))
}
