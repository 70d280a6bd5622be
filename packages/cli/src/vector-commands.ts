import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { Runner } from './program-tables.ts'

type Repeated = (flags: string, description: string) => Option

const load = () => import('./commands/vectors.ts')
const loadSources = () => import('./commands/vector-sources.ts')
const loadUpkeep = () => import('./commands/vector-upkeep.ts')

/** `hypermesh vectors …`: vector indexes, their points, and searches in them. */
export function addVectors(program: Command, run: Runner, repeated: Repeated): void {
  const vectors = program.command('vectors').description('create, fill and search vector indexes')
  vectors
    .command('list')
    .description('list the vector indexes')
    .action(() => run(async (context) => (await load()).runVectorsList(context)))
  vectors
    .command('create')
    .description('create a vector index')
    .argument('<index>')
    .option('--dimension <count>', 'how many numbers a vector has (default: as the embedding)')
    .option('--metric <metric>', 'cosine, l2, ip', 'cosine')
    .option('--storage <storage>', 'f32, f16, i8 (default: f16 for cosine, else f32)')
    .addOption(
      repeated('--field <name=type>', 'a metadata field: keyword, integer, float, text, …'),
    )
    .option('--embed <field>', 'the text field of which points without a vector get theirs')
    .option(
      '--provider <name>',
      'what makes vectors of texts: static, or one of [vector] embedding',
    )
    .addHelpText('after', embeddingHelp)
    .action((index, flags) =>
      run(async (context) => (await load()).runVectorsCreate(context, index, flags)),
    )
  addPoints(vectors, run, repeated)
  const one = (
    name: string,
    description: string,
    work: (context: CommandContext, index: string) => Promise<void>,
  ) =>
    vectors
      .command(name)
      .description(description)
      .argument('<index>')
      .action((index: string) => run((context) => work(context, index)))
  one('show', 'show the sizes and the fields of an index', async (context, index) =>
    (await load()).runVectorsShow(context, index),
  )
  one('delete', 'delete an index; its snapshots stay', async (context, index) =>
    (await loadUpkeep()).runVectorsDelete(context, index),
  )
  one('compact', 'free what deleted and replaced points hold', async (context, index) =>
    (await loadUpkeep()).runVectorsCompact(context, index),
  )
  one('snapshots', 'list the snapshots of an index', async (context, index) =>
    (await loadUpkeep()).runVectorsSnapshots(context, index),
  )
  one('sync', 'bring an index to what its table is now', async (context, index) =>
    (await loadSources()).runVectorsSync(context, index),
  )
  one('unfollow', 'follow the table no more; the points stay', async (context, index) =>
    (await loadSources()).runVectorsUnfollow(context, index),
  )
  addSources(vectors, run, repeated)
  addCopies(vectors, run)
}

const embeddingHelp = `
The provider "static" works offline: English word vectors learned from WordNet, without order of words
or negation. It is for trying out and for hybrid search; a sentence model behind [vector] embedding ranks
better.`

function addSources(vectors: Command, run: Runner, repeated: Repeated): void {
  vectors
    .command('follow')
    .description('make an index what a column of a table is, and keep it so')
    .argument('<index>')
    .argument('<table>', 'namespace.table')
    .requiredOption('--id <column>', 'the ids: whole numbers, texts or UUIDs')
    .option('--vector <column>', 'lists of numbers')
    .option('--text <column>', 'or texts, from which the index makes its vectors')
    .addOption(repeated('--metadata <column>', 'that the points have as metadata'))
    .option('--manual', 'only when told to, by `vectors sync`')
    .option('--skip-bad-rows', 'leave out rows that make no point, and count them')
    .option('--replace', 'remove points of the index that the table lacks')
    .action((index, table, flags) =>
      run(async (context) =>
        (await loadSources()).runVectorsFollow(context, index, { table, ...flags }),
      ),
    )
  vectors
    .command('sources')
    .description('list what indexes follow, and how far they are behind')
    .action(() => run(async (context) => (await loadSources()).runVectorsSources(context)))
}

function addPoints(vectors: Command, run: Runner, repeated: Repeated): void {
  vectors
    .command('add')
    .description('write points of NDJSON or CSV; those whose id is there are replaced')
    .argument('<index>')
    .argument('<file>', 'the file; - is standard input')
    .option('--format <format>', 'ndjson, csv (default: by the file’s ending)')
    .option('--id <name>', 'the key or column of the id', 'id')
    .option('--vector <name>', 'the key or column of the vector', 'vector')
    .addHelpText(
      'after',
      `
What else a line has is metadata of its point.

Examples:
  hypermesh vectors create docs --dimension 3 --field year=integer
  echo '{"id": 1, "vector": [0.1, 0.2, 0.3], "year": 2024}' | hypermesh vectors add docs -
  hypermesh vectors search docs --vector "[0.1, 0.2, 0.3]" --filter '{"year": {"gte": 2020}}'
  hypermesh vectors create notes --embed body
  echo '{"id": 1, "body": "the storm left roads under water"}' | hypermesh vectors add notes -
  hypermesh vectors search notes --text "flooded streets"`,
    )
    .action((index, file, flags) =>
      run(async (context) => (await load()).runVectorsAdd(context, index, { file, ...flags })),
    )
  vectors
    .command('search')
    .description('find the nearest points to a vector, a text, or points that are there')
    .argument('<index>')
    .option('--vector <numbers>', 'the query: [0.1, 0.2]')
    .option('--text <text>', 'the query in words')
    .option('--mode <mode>', 'of a text: vector (by meaning), bm25 (by words), hybrid (by both)')
    .addOption(repeated('--like <id>', 'more like this point'))
    .option('-k <count>', 'so many', '10')
    .option('--ef <count>', 'the effort: more finds better and takes longer')
    .option('--filter <json>', 'conditions over metadata: {"price": {"lt": 5}}')
    .action((index, flags) =>
      run(async (context) => (await load()).runVectorsSearch(context, index, flags)),
    )
  vectors
    .command('get')
    .description('print a point as JSON')
    .argument('<index>')
    .argument('<id>')
    .action((index, id) => run(async (context) => (await load()).runVectorsGet(context, index, id)))
  vectors
    .command('remove')
    .description('delete points by their ids or by a filter')
    .argument('<index>')
    .argument('[ids...]')
    .option('--filter <json>', 'conditions over metadata')
    .action((index, ids, flags) =>
      run(async (context) => (await load()).runVectorsRemove(context, index, { ids, ...flags })),
    )
}

function addCopies(vectors: Command, run: Runner): void {
  vectors
    .command('merge')
    .description('write the points of another index into this one; again changes nothing')
    .argument('<index>')
    .argument('<from>')
    .action((index, from) =>
      run(async (context) => (await loadUpkeep()).runVectorsMerge(context, index, from)),
    )
  vectors
    .command('snapshot')
    .description('keep a copy of an index as it is now')
    .argument('<index>')
    .argument('[name]', 'of the snapshot (default: by the time)')
    .action((index, name) =>
      run(async (context) => (await loadUpkeep()).runVectorsSnapshot(context, index, name)),
    )
  vectors
    .command('restore')
    .description('make an index what a snapshot of it is')
    .argument('<index>')
    .argument('<snapshot>')
    .option('--from <index>', 'the index whose snapshot it is (default: the same)')
    .action((index, snapshot, flags) =>
      run(async (context) =>
        (await loadUpkeep()).runVectorsRestore(context, index, { snapshot, ...flags }),
      ),
    )
}
