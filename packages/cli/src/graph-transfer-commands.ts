import type { Command } from 'commander'
import type { Runner } from './program-tables.ts'

/** `graph import` and `graph export`. */
export function addGraphTransfer(graph: Command, run: Runner): void {
  const imports = graph
    .command('import')
    .description('insert the hyperedges of a file, or the commits of a git repository')
    .argument('<file>', 'NDJSON, CSV (a row a membership), HIF or Arrow; - is standard input')
    .option('--into <table>', 'database.table; for commits it is made where it is missing')
    .option('--format <format>', 'ndjson, csv, hif, arrow (default: by the file’s ending)')
    .option('--integer-nodes', 'of CSV: nodes of digits are integers')
    .option('--default-at <instant>', 'of HIF: when edges without a time happened')
    .option('--drop-unknown', 'of HIF: drop attributes that the table does not have')
    .option(
      '--resume <key>',
      'a name for this load, under which running it again inserts nothing twice',
    )
    .addHelpText(
      'after',
      `
Examples:
  hypermesh graph import calls.ndjson --into social.calls
  hypermesh graph import huge.ndjson --into social.calls --resume may-2024
  hypermesh graph import git . --into code.commits`,
    )
    .action((file, flags) =>
      run(async (context) =>
        (await import('./commands/graph-transfer.ts')).runGraphImport(context, file, flags),
      ),
    )
  imports
    .command('git')
    .description('commits as hyperedges of their authors and the files that they changed')
    .argument('<repository>', 'a directory within it')
    .option('--revision <range>', 'what git log begins with, or a range: main, v1..v2', 'HEAD')
    .option('--files-max <count>', 'files of one commit that become members', '1000')
    .addHelpText(
      'after',
      `
The key of a hyperedge is its commit's hash: importing again brings only what is new. Merges are left out.

Examples:
  hypermesh graph create code
  hypermesh graph import git . --into code.commits
  hypermesh graph query code -e "MATCH HYPEREDGE (c:commits) WHERE 'README.md' IN c.members RETURN *"`,
    )
    .action((repository, _, command) =>
      run(async (context) =>
        (await import('./commands/graph-import-git.ts')).runGraphImportGit(
          context,
          repository,
          // `--into` is an option of `import` itself.
          command.optsWithGlobals(),
        ),
      ),
    )
  graph
    .command('export')
    .description('write all hyperedges of a table')
    .argument('<table>', 'database.table')
    .argument('[file]', 'a file that is not there yet (default: standard output)')
    .option('--format <format>', 'ndjson, csv, hif, arrow (default: by the file’s ending)')
    .option('--from <instant>', 'the earliest, included')
    .option('--to <instant>', 'the end, not included')
    .option('--as-of <commit>', 'as the table was at a commit or an instant')
    .action((table, file, flags) =>
      run(async (context) =>
        (await import('./commands/graph-transfer.ts')).runGraphExport(context, table, {
          file,
          ...flags,
        }),
      ),
    )
}
