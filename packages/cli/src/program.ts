import { compression, fileFormats, resultFormats, roles } from '@hypermesh/contract'
import { Command, Option } from 'commander'
import { type CommandContext, createContext } from './command-context.ts'
import { addGraph } from './graph-commands.ts'
import { addJobs } from './job-commands.ts'
import { addSavedQueries } from './program-saved.ts'
import { addRelocate, addVirtualTables, type Runner } from './program-tables.ts'
import type { GlobalOptions } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { addVectors } from './vector-commands.ts'

const footer = `
Where the server and the key come from:
  url   --url, [client] url, HYPERMESH_CLIENT__URL, else the server that runs on the data
        directory, else http://127.0.0.1:3210
  key   --key, [client] key, HYPERMESH_CLIENT__KEY, else <data directory>/keys/admin.key, which
        is sent to this machine only

Exit codes:
  0 ok   1 failed   2 wrong usage   3 server not reached   4 not authorised   130 interrupted

Examples:
  hypermesh serve
  hypermesh ingest cars.csv penguins.json
  hypermesh sql "SELECT species, avg(mass) FROM main.penguins GROUP BY ALL"
  hypermesh sql --format csv "FROM main.cars" > cars-copy.csv`

export interface ProgramOptions {
  readonly terminal: Terminal
  readonly version: string
  readonly signal: AbortSignal
}

type Run = (context: CommandContext) => Promise<void>

/** The command line: what there is, and which function does it. Commands are loaded when used. */
export function createProgram({ terminal, version, signal }: ProgramOptions): Command {
  const program = new Command('hypermesh')
    .description('Files in, SQL out: Iceberg tables in one process')
    .version(version, '-V, --version', 'print the version')
    .option('--json', 'print results as JSON, for programs')
    .option('--url <url>', 'the server to talk to')
    .option('--key <key>', 'the API key')
    .option('--data <dir>', 'the data directory (default: ./data)')
    .option('--config <file>', 'the configuration file (default: ./lakehouse.toml, if there)')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', footer)
    .showHelpAfterError('hint: see --help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })

  const run = (work: Run) => work(createContext(terminal, program.opts<GlobalOptions>(), signal))
  addServe(program, run)
  addLoading(program, run)
  addJobs(program, run)
  addSql(program, run)
  addSavedQueries(program, run, repeated)
  addTables(program, run)
  addVectors(program, run, repeated)
  addGraph(program, run, repeated)
  addKeys(program, run)
  addDiagnosis(program, run)
  return program
}

function addServe(program: Command, run: Runner): void {
  program
    .command('serve')
    .description('run the platform until Ctrl-C')
    .option('--host <address>', 'where to listen (default: 127.0.0.1)')
    .option('--port <port>', 'the port; 0 lets the system choose (default: 3210)')
    .option('--target <services>', 'all (the default), or a list: gateway,catalog,storage')
    .option('--no-auth', 'ask for no keys; on loopback only')
    .addOption(
      new Option('--log-level <level>', 'what the log tells').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  hypermesh serve
  hypermesh serve --data /srv/lake --port 8080
  hypermesh serve --config lakehouse.toml --log-level warn
  hypermesh serve --target query --config query.toml       one part of the platform`,
    )
    .action((flags) =>
      run(async (context) => (await import('./commands/serve.ts')).runServe(context, flags)),
    )
}

function addLoading(program: Command, run: Runner): void {
  program
    .command('ingest')
    .description('load files into tables; - is standard input')
    .argument(
      '<file...>',
      'CSV, TSV, NDJSON, JSON, Parquet or Arrow; also .gz, .zst; directories; patterns',
    )
    .option('-t, --table <name>', 'the table; without it the file’s name in namespace main')
    .option('--into <name>', 'the same')
    .option('--atomic', 'all files in one commit, or none of them')
    .option('--mode <mode>', 'append, or overwrite what is there', 'append')
    .addOption(formatOption())
    .addOption(compressionOption())
    .addOption(typeOption())
    .option('--partition-by <columns>', 'for a new table: region, day(ts), bucket(16, id)')
    .option('--sort-by <columns>', 'for a new table: ts desc, name')
    .option('--on-bad-rows <fate>', 'fail, or skip rows that are malformed or do not fit', 'fail')
    .option('--bad-rows-max <count>', 'with --on-bad-rows skip: more of them fail the load')
    .option('--again', 'load bytes that the table has already')
    .option('--async', 'do not wait for the load: print a job, see hypermesh jobs')
    .option('--upload', 'send the file even where the server could read it in place')
    .addHelpText(
      'after',
      `
The same bytes into the same table again change nothing, and the result says so.

Examples:
  hypermesh ingest cars.csv                        into main.cars
  hypermesh ingest 2024-*.csv -t sales.orders      each file is one snapshot
  hypermesh ingest orders/ --into sales.orders --atomic --partition-by "day(ts)"
  hypermesh ingest zip.csv --type zip=VARCHAR --type "Price (EUR)=DECIMAL(12,2)"
  curl -s https://example.org/x.csv | hypermesh ingest - -t main.x --format csv`,
    )
    .action((files, flags) =>
      run(async (context) =>
        (await import('./commands/ingest.ts')).runIngest(context, files, flags),
      ),
    )

  program
    .command('inspect')
    .description('show what ingest would make of a file, and store nothing')
    .argument('<file>', 'the file; - is standard input')
    .addOption(formatOption())
    .addOption(compressionOption())
    .addOption(typeOption())
    .option('--upload', 'send the file even where the server could read it in place')
    .action((file, flags) =>
      run(async (context) =>
        (await import('./commands/inspect.ts')).runInspect(context, file, flags),
      ),
    )
}

function addSql(program: Command, run: Runner): void {
  program
    .command('sql')
    .description('run read-only SQL; without a statement, open a prompt')
    .argument('[statement]', 'one or more statements, ended by ;')
    .option('-f, --file <file>', 'run the statements of a file')
    .option('--format <format>', `table, ${resultFormats.join(', ')} (default: table)`)
    .addOption(
      repeated('-p, --param <value>', 'bind a parameter: 5, name=5, since:DATE=2024-01-31'),
    )
    .option('--max-rows <count>', 'cut the result after so many rows, and say so')
    .option('--timeout <seconds>', 'give up after so long')
    .addHelpText(
      'after',
      `
Tables on a terminal stop at 1,000 rows unless --max-rows says otherwise.

Examples:
  hypermesh sql
  hypermesh sql "SELECT count(*) FROM main.flights"
  hypermesh sql "SELECT * FROM main.cars WHERE Origin = $o LIMIT $n" -p o=Japan -p n=5
  hypermesh sql "FROM main.cars AT (VERSION => 42)" --format ndjson | head
  hypermesh sql -f report.sql --format csv > report.csv`,
    )
    .action((statement, flags) =>
      run(async (context) => (await import('./commands/sql.ts')).runSql(context, statement, flags)),
    )
}

function addTables(program: Command, run: Runner): void {
  const tables = program
    .command('tables')
    .description('list the tables with their sizes')
    .action(() =>
      run(async (context) => {
        const { client } = await context.connect()
        await (await import('./commands/tables.ts')).runTables({ ...context, client })
      }),
    )
  tables
    .command('describe')
    .description('schema, sizes, partitions and what is known of each column')
    .argument('<table>', 'namespace.table, or a table of namespace main')
    .option('--snapshot <id>', 'as of this snapshot (default: the current one)')
    .action((table, flags) =>
      run(async (context) => {
        const { client } = await context.connect()
        const { runDescribe } = await import('./commands/describe.ts')
        await runDescribe({ ...context, client }, table, flags)
      }),
    )
  addVirtualTables(tables, run, [formatOption(), typeOption()])
  addRelocate(tables, run)
  program
    .command('diff')
    .description('what tells one snapshot of a table from another')
    .argument('<table>', 'namespace.table, or a table of namespace main')
    .argument('[from]', 'a snapshot id (default: the one before)')
    .argument('[to]', 'a snapshot id (default: the current one)')
    .option('--rows <n>', 'show up to so many of the rows that came and that went')
    .action((table, from, to, flags) =>
      run(async (context) => {
        const { client } = await context.connect()
        const { runDiff } = await import('./commands/diff.ts')
        await runDiff({ ...context, client }, table, { from, to }, flags)
      }),
    )
  program
    .command('history')
    .description('list the snapshots of a table, newest first')
    .argument('<table>', 'namespace.table, or a table of namespace main')
    .action((table) =>
      run(async (context) => {
        const { client } = await context.connect()
        await (await import('./commands/history.ts')).runHistory({ ...context, client }, table)
      }),
    )
}

function addKeys(program: Command, run: Runner): void {
  const keys = program.command('keys').description('list, create and revoke API keys')
  keys
    .command('list')
    .description('list the keys, without their secrets')
    .action(() => run(async (context) => (await import('./commands/keys.ts')).runKeysList(context)))
  keys
    .command('create')
    .description('mint a key; standard output gets its secret, this once')
    .argument('<name>', 'what the key is for')
    .requiredOption('--role <role>', roles.join(', '))
    .addOption(repeated('--cidr <range>', 'an address range that may use it (default: any)'))
    .addHelpText(
      'after',
      `
Examples:
  hypermesh keys create dashboard --role reader
  hypermesh keys create loader --role writer --cidr 10.0.0.0/8 > loader.key`,
    )
    .action((name, flags) =>
      run(async (context) =>
        (await import('./commands/keys.ts')).runKeysCreate(context, name, flags),
      ),
    )
  keys
    .command('revoke')
    .description('revoke a key for good')
    .argument('<id>', 'the id that keys list shows')
    .action((id) =>
      run(async (context) => (await import('./commands/keys.ts')).runKeysRevoke(context, id)),
    )
}

function addDiagnosis(program: Command, run: Runner): void {
  program
    .command('config')
    .description('show every setting, its value, and where that comes from')
    .action(() => run(async (context) => (await import('./commands/config.ts')).runConfig(context)))
  program
    .command('doctor')
    .description('check this machine, the data directory and the server')
    .action(() => run(async (context) => (await import('./commands/doctor.ts')).runDoctor(context)))
}

function formatOption(): Option {
  return new Option(
    '--format <format>',
    `${fileFormats.join(', ')} (default: by the file’s ending)`,
  )
}

function compressionOption(): Option {
  return new Option(
    '--compression <packing>',
    `${compression.options.join(', ')} (default: by the file’s ending and first bytes)`,
  )
}

function typeOption(): Option {
  return repeated('--type <column=type>', 'read a column as this SQL type; may be repeated')
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([], 'none')
    .argParser((value: string, previous: string[]) => [...previous, value])
}
