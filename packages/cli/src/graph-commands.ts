import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { Runner } from './program-tables.ts'

type Repeated = (flags: string, description: string) => Option

const loadDatabases = () => import('./commands/graph-databases.ts')
const loadTables = () => import('./commands/graph-tables.ts')

/** `hypermesh graph …`: databases of hyperedges, what is in them, and questions to them. */
export function addGraph(program: Command, run: Runner, repeated: Repeated): void {
  const graph = program
    .command('graph')
    .description('keep and ask databases of temporal hyperedges')
  graph
    .command('list')
    .description('list the databases')
    .action(() => run(async (context) => (await loadDatabases()).runGraphList(context)))
  const one = (
    name: string,
    description: string,
    work: (context: CommandContext, database: string) => Promise<void>,
  ) =>
    graph
      .command(name)
      .description(description)
      .argument('<database>')
      .action((database: string) => run((context) => work(context, database)))
  one('create', 'create a database; one of that name stays as it is', async (context, name) =>
    (await loadDatabases()).runGraphCreate(context, name),
  )
  one('drop', 'delete a database with all that is in it; its backups stay', async (context, name) =>
    (await loadDatabases()).runGraphDrop(context, name),
  )
  one('show', 'show the sizes of a database and how its files stand', async (context, name) =>
    (await loadDatabases()).runGraphShow(context, name),
  )
  addTables(graph, run, repeated)
  addImports(graph, run)
}

function addTables(graph: Command, run: Runner, repeated: Repeated): void {
  const tables = graph
    .command('tables')
    .description('list the tables of a database, or show one of them')
    .argument('<name>', 'a database, or database.table')
    .action((name) => run(async (context) => (await loadTables()).runGraphTables(context, name)))
  tables
    .command('create')
    .description('create a hyperedge table')
    .argument('<table>', 'database.table')
    .addOption(repeated('--member <role>', 'a kind of member (default: any)'))
    .addOption(repeated('--property <name=type>', 'bool, int64, float64, string, timestamp'))
    .option('--bucket-seconds <seconds>', 'the span of time that the table is looked at by')
    .option('--ttl-days <days>', 'hyperedges older than this are neither seen nor kept')
    .addHelpText(
      'after',
      `
Examples:
  hypermesh graph create social
  hypermesh graph tables create social.calls --member caller --member callee --property cost=float64`,
    )
    .action((table, flags) =>
      run(async (context) => (await loadTables()).runGraphTableCreate(context, table, flags)),
    )
  tables
    .command('drop')
    .description('drop a hyperedge table with all its hyperedges')
    .argument('<table>', 'database.table')
    .action((table) =>
      run(async (context) => (await loadTables()).runGraphTableDrop(context, table)),
    )
}

function addImports(graph: Command, run: Runner): void {
  const imports = graph
    .command('import')
    .description('insert the hyperedges of a file, or the commits of a git repository')
  imports
    .command('git')
    .description('commits as hyperedges of their authors and the files that they changed')
    .argument('<repository>', 'a directory within it')
    .requiredOption('--into <table>', 'database.table; the table is made where it is missing')
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
    .action((repository, flags) =>
      run(async (context) =>
        (await import('./commands/graph-import-git.ts')).runGraphImportGit(
          context,
          repository,
          flags,
        ),
      ),
    )
}
