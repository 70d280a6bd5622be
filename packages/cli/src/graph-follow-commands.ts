import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { Runner } from './program-tables.ts'

type Repeated = (flags: string, description: string) => Option
type OfTable = (context: CommandContext, table: string) => Promise<void>

const load = () => import('./commands/graph-feeds.ts')
const loadPublications = () => import('./commands/graph-publications.ts')

/** `graph analytics`, `feed` and `publish`: what is made of a hyperedge table, and what it is made of. */
export function addGraphFollowing(graph: Command, run: Runner, repeated: Repeated): void {
  graph
    .command('analytics')
    .description('take a measure of a table; without one, list what there is to measure')
    .argument('<table>', 'database.table')
    .argument('[measure]', 'pagerank, degree, s_components, …')
    .option('--from <instant>', 'the earliest, included')
    .option('--to <instant>', 'the end, not included')
    .addOption(repeated('-o, --option <name=value>', 'of the measure: s=2'))
    .option('--limit <count>', 'rows that are shown', '20')
    .action((table, measure, flags) =>
      run(async (context) =>
        (await import('./commands/graph-analytics.ts')).runGraphAnalytics(context, table, {
          measure,
          ...flags,
        }),
      ),
    )
  addFeed(graph, run, repeated)
  addPublish(graph, run)
}

function addFeed(graph: Command, run: Runner, repeated: Repeated): void {
  const feed = graph.command('feed').description('make hyperedges of the rows of a table or query')
  feed
    .command('set')
    .description('say which rows become hyperedges, and begin')
    .argument('<table>', 'database.table')
    .option('--from <table>', 'namespace.table')
    .option('--query <sql>', 'or a query; read whole each time')
    .requiredOption('--time <column>', 'when it happened')
    .option('--until <column>', 'when it stopped to hold')
    .addOption(repeated('--member <column[=role]>', 'a node, or a list of nodes'))
    .option('--weight <column>')
    .option('--label <column>')
    .option('--id <column>', 'what tells one from another: rows may then change and go')
    .addOption(repeated('--property <name[=column]>', 'a property'))
    .option('--manual', 'only when told to, by `graph feed sync`')
    .option('--skip-bad-rows', 'leave out rows that make no hyperedge, and count them')
    .option('--replace', 'the table may have hyperedges of its own: those without a row go')
    .addHelpText(
      'after',
      `
Examples:
  hypermesh graph feed set air.flights --from main.flights --time date --member origin=from --member destination=to
  hypermesh graph feed show air.flights`,
    )
    .action((table, flags) =>
      run(async (context) => (await load()).runFeedSet(context, table, flags)),
    )
  const one = ofTable(feed, run)
  one('show', 'show what a table is fed from, and how far', async (context, table) =>
    (await load()).runFeedShow(context, table),
  )
  one('sync', 'bring a table to what its rows are now', async (context, table) =>
    (await load()).runFeedSync(context, table),
  )
  one('end', 'feed a table no more; its hyperedges stay', async (context, table) =>
    (await load()).runFeedEnd(context, table),
  )
}

function addPublish(graph: Command, run: Runner): void {
  const publish = graph
    .command('publish')
    .description('keep an Iceberg table of the hyperedges of a table')
  publish
    .command('set')
    .description('say as which table, and write it')
    .argument('<table>', 'database.table')
    .requiredOption('--as <table>', 'namespace.table, which is made')
    .option('--nodes <type>', 'text, or number where every node is one (default: text)')
    .option('--manual', 'only when told to, by `graph publish sync`')
    .option('--replace', 'the table may be there: its rows are replaced')
    .addHelpText(
      'after',
      `
Examples:
  hypermesh graph publish set code.commits --as main.commits
  hypermesh graph publications code`,
    )
    .action((table, flags) =>
      run(async (context) => (await loadPublications()).runPublishSet(context, table, flags)),
    )
  const one = ofTable(publish, run)
  one('show', 'show as what a table is published, and how far', async (context, table) =>
    (await loadPublications()).runPublishShow(context, table),
  )
  one('sync', 'bring the Iceberg table to what the hyperedges are now', async (context, table) =>
    (await loadPublications()).runPublishSync(context, table),
  )
  one('end', 'publish a table no more; the Iceberg table stays', async (context, table) =>
    (await loadPublications()).runPublishEnd(context, table),
  )
  graph
    .command('publications')
    .description('list the tables of a database that are published')
    .argument('<database>')
    .action((database) =>
      run(async (context) => (await loadPublications()).runPublications(context, database)),
    )
}

function ofTable(parent: Command, run: Runner) {
  return (name: string, description: string, work: OfTable) =>
    parent
      .command(name)
      .description(description)
      .argument('<table>', 'database.table')
      .action((table: string) => run((context) => work(context, table)))
}
