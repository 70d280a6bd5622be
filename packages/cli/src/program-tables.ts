import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'

export type Runner = (work: (context: CommandContext) => Promise<void>) => Promise<void>

/** `tables link`, `links` and `unlink`: tables over files that stay where they lie. */
export function addVirtualTables(tables: Command, run: Runner, options: readonly Option[]): void {
  const link = tables
    .command('link')
    .description('make a table of files on the server, without loading them')
    .argument('<table>', 'namespace.table')
    .argument('<path>', 'a file or a pattern (* ? [a-z] **) under one of [query] virtual_roots')
    .option('--hive', 'directories key=value are columns')
    .addHelpText(
      'after',
      `
Each statement reads the files that are there then. A file of another form is an error.

Examples:
  hypermesh tables link logs.web "/srv/logs/2024-*.csv"
  hypermesh tables link lake.events "/srv/events/**/*.parquet" --hive`,
    )
  for (const option of options) link.addOption(option)
  link.action((table, path, flags) =>
    run(async (context) =>
      (await import('./commands/virtual-tables.ts')).runLink(context, table, path, flags),
    ),
  )
  tables
    .command('links')
    .description('list the tables that link made')
    .action(() =>
      run(async (context) => (await import('./commands/virtual-tables.ts')).runLinks(context)),
    )
  tables
    .command('unlink')
    .description('forget a table that link made; its files stay')
    .argument('<table>', 'namespace.table')
    .action((table) =>
      run(async (context) =>
        (await import('./commands/virtual-tables.ts')).runUnlink(context, table),
      ),
    )
}

export function addRelocate(tables: Command, run: Runner): void {
  tables
    .command('relocate')
    .description('write the URIs of all tables anew after the data directory has moved')
    .requiredOption('--from <uri>', 'the recorded URI of the warehouse, or a prefix of it')
    .requiredOption('--to <uri>', 'what stands in its place')
    .option('--apply', 'do it; without, only tell what would be done')
    .addHelpText(
      'after',
      `
Our own reads survive a move; other engines go by the URIs in the files. The old files stay.

Examples:
  hypermesh tables relocate --from file:///old/data --to file:///srv/data
  hypermesh tables relocate --from file:///old/data --to file:///srv/data --apply`,
    )
    .action((flags) =>
      run(async (context) => {
        const { client } = await context.connect()
        const { runRelocate } = await import('./commands/relocate.ts')
        await runRelocate({ ...context, client }, flags)
      }),
    )
}
