import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import { addGraphFollowing } from './graph-follow-commands.ts'
import { addGraphTransfer } from './graph-transfer-commands.ts'
import type { Runner } from './program-tables.ts'

type Repeated = (flags: string, description: string) => Option

const loadDatabases = () => import('./commands/graph-databases.ts')
const loadQueries = () => import('./commands/graph-query.ts')
const loadUpkeep = () => import('./commands/graph-upkeep.ts')
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
  one('check', 'read everything of a database and verify it', async (context, name) =>
    (await loadUpkeep()).runGraphCheck(context, name),
  )
  one('compact', 'merge the segments of each table into few', async (context, name) =>
    (await loadUpkeep()).runGraphCompact(context, name),
  )
  one('backups', 'list the backups of a database', async (context, name) =>
    (await loadUpkeep()).runGraphBackups(context, name),
  )
  addQueries(graph, run, repeated)
  addTables(graph, run, repeated)
  addBackups(graph, run)
  addGraphTransfer(graph, run)
  addGraphFollowing(graph, run, repeated)
}

function addQueries(graph: Command, run: Runner, repeated: Repeated): void {
  const options = (command: Command) =>
    command
      .argument('<database>')
      .option('--format <format>', 'table, json, ndjson, arrow (default: table)')
      .addOption(repeated('-p, --param <name=value>', 'bind $name: n=5, who=ann'))
      .option('--max-rows <count>', 'of a table or of JSON (default: 1000)')
      .option('--timeout <seconds>', 'give up after so long')
  options(graph.command('query'))
    .description('run statements of the graph language; with none on a terminal, open the shell')
    .option('-e, --execute <statement>', 'one or more statements, ended by ;')
    .option('-f, --file <file>', 'run the statements of a file')
    .addHelpText(
      'after',
      `
Examples:
  hypermesh graph query code -e "MATCH HYPEREDGE (c:commits) WHERE $who IN c.members RETURN *" -p who=README.md
  hypermesh graph query code -e "EXPLAIN MATCH HYPEREDGE (c:commits) RETURN count(*)"
  hypermesh graph query code -f report.hgql --format ndjson > report.ndjson`,
    )
    .action((database, flags) =>
      run(async (context) => (await loadQueries()).runGraphQuery(context, database, flags)),
    )
  options(graph.command('shell'))
    .description('type statements of the graph language; what was typed is kept')
    .action((database, flags) =>
      run(async (context) => (await loadQueries()).runGraphShell(context, database, flags)),
    )
}

function addBackups(graph: Command, run: Runner): void {
  graph
    .command('backup')
    .description('keep a copy of a database as it is now, while it is written to')
    .argument('<database>')
    .argument('[name]', 'of the backup (default: by the time)')
    .action((database, name) =>
      run(async (context) => (await loadUpkeep()).runGraphBackup(context, database, name)),
    )
  graph
    .command('restore')
    .description('make a new database of a backup')
    .argument('<database>', 'the name of the new one')
    .argument('<backup>')
    .option('--from <database>', 'whose backup it is (default: of that name)')
    .action((database, backup, flags) =>
      run(async (context) =>
        (await loadUpkeep()).runGraphRestore(context, database, { backup, ...flags }),
      ),
    )
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
