// The tour of `npm run demo`: real files go in, SQL comes out. It drives the built program through its
// own command line, on a temporary directory, and prints only what that measured.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileSizes, repositoryWithHistory } from './demo/commits.mjs'
import { notes, textQueries } from './demo/notes.mjs'
import { runCommand, startPlatform } from './demo/platform.mjs'
import { questions } from './demo/questions.mjs'

const checkout = fileURLToPath(new URL('..', import.meta.url))
const samples = fileURLToPath(new URL('../node_modules/vega-datasets/data', import.meta.url))
const colours = process.stdout.hasColors?.() === true
const paint = (code, text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)

const directory = await mkdtemp(join(tmpdir(), 'hypermesh-demo-'))
const dataDir = join(directory, 'data')
const arrivals = join(directory, 'arrivals')
let platform

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    platform?.kill()
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    process.exit(130)
  })
}

const startedAt = performance.now()
try {
  await tour()
} finally {
  await platform?.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}
const seconds = (performance.now() - startedAt) / 1000
print(`\nStopped, and ${dataDir} is removed. All of it took ${seconds.toFixed(1)} s.`)
print(
  'Now your own files:  npx hypermesh serve   and, in another terminal,  npx hypermesh ingest FILE',
)

async function tour() {
  heading('HyperMesh: files in, SQL out')
  platform = await startPlatform(dataDir)
  const readyMs = performance.now() - startedAt
  print(
    `The platform listens at ${platform.url}, ready after ${readyMs.toFixed(0)} ms, data in ${dataDir}`,
  )

  heading('1. Files of four formats become tables')
  await load('flights', 'flights-3m.parquet')
  await load('airports', 'airports.csv')
  await load('penguins', 'penguins.json')
  await load('stocks', 'stocks.csv')
  await load('unemployment', 'unemployment.tsv')
  const weather = await weatherByYear()
  for (const [index, file] of weather.entries()) {
    const remark = index === 0 ? 'a file arrives each year' : ''
    await command(['ingest', file, '--table', 'weather'], { cwd: arrivals, remark })
  }
  await command(['tables'])

  heading('2. Five questions')
  for (const { title, sql } of questions) await ask(title, sql)

  heading('3. Every load is a snapshot, and the old ones still answer')
  const history = JSON.parse(await runCommand(dataDir, ['--json', 'history', 'weather']))
  await command(['history', 'weather'])
  const then = history.snapshots.at(-2).snapshotId
  const count = 'SELECT count(*) AS days, max(date) AS until FROM main.weather'
  await ask('What is known now?', count)
  await ask('And what was known after the second load?', `${count} AT (VERSION => ${then})`)

  heading('4. The same bytes again change nothing')
  await load('airports', 'airports.csv')

  heading('5. Texts are found by what they mean')
  await writeFile(
    join(arrivals, 'notes.ndjson'),
    notes.map((note) => JSON.stringify(note)).join('\n'),
  )
  await command(['vectors', 'create', 'notes', '--embed', 'body'])
  await command(['vectors', 'add', 'notes', 'notes.ndjson'], { cwd: arrivals })
  for (const query of textQueries) await find(query)

  heading('6. Commits are hyperedges: who changed which files together, and when')
  await commits()
}

async function commits() {
  const repository = await repositoryWithHistory(checkout, join(directory, 'repository'))
  await command(['graph', 'create', 'code'])
  await command(['graph', 'import', 'git', '.', '--into', 'code.commits'], { cwd: repository })
  const most = await askGraph(
    'Who and what is in the most commits?',
    `MATCH HYPEREDGE (c:commits) UNWIND c.members AS who_or_what
RETURN who_or_what, count(*) AS commits ORDER BY commits DESC, who_or_what LIMIT 8`,
  )
  // People are named by their addresses.
  const files = most.rows.map(([name]) => name).filter((name) => !name.includes('@'))
  const [file, target] = [files[0], files.at(-1)]
  await askGraph(
    `What is changed together with ${file}?`,
    `MATCH HYPEREDGE (c:commits) WHERE $file IN c.members('file') UNWIND c.members AS other
RETURN other, count(*) AS together ORDER BY together DESC, other LIMIT 6`,
    { file },
  )
  await askGraph(
    `How could ${file} have led to a change of ${target}, each commit later than the one before?`,
    `MATCH EARLIEST PATH ($from)-[c:commits*..6 {from: 'file', to: 'file'}]->($to)
RETURN hop, node, event_ts`,
    { from: file, to: target },
  )
  const counts = `MATCH HYPEREDGE (c:commits) UNWIND c.members AS path
RETURN path, count(*) AS commits, max(c.event_ts) AS changed`
  const lines = ['graph', 'query', 'code', '--format', 'ndjson', '-e', counts]
  await writeFile(join(arrivals, 'changes.ndjson'), await runCommand(dataDir, lines))
  await writeFile(join(arrivals, 'files.ndjson'), await fileSizes(repository))
  await command(['ingest', 'changes.ndjson', 'files.ndjson'], { cwd: arrivals })
  await ask(
    'How large are the files today that are changed most often? (commits joined with a table)',
    `SELECT path, bytes, commits, changed::DATE AS "last changed"
FROM main.changes JOIN main.files USING (path)
ORDER BY commits DESC, path LIMIT 5`,
  )
}

/** Fails where there is no answer. */
async function askGraph(title, query, parameters = {}) {
  print(`\n${paint(1, title)}`)
  print(paint(36, query.replace(/^/gm, '    ')))
  const bound = Object.entries(parameters).flatMap(([name, value]) => ['-p', `${name}=${value}`])
  const args = ['graph', 'query', 'code', '-e', query, ...bound]
  print((await runCommand(dataDir, args)).trimEnd())
  const reply = JSON.parse(await runCommand(dataDir, ['--json', ...args]))
  if (reply.rows.length === 0) throw new Error(`no answer to: ${query}`)
  return reply
}

/** Fails where what is expected is not among the first three. */
async function find({ text, mode, expected }) {
  const args = ['vectors', 'search', 'notes', '--text', text, '-k', '3']
  if (mode !== undefined) args.push('--mode', mode)
  await command(args)
  const hits = JSON.parse(await runCommand(dataDir, ['--json', ...args]))
  if (!hits.some(({ id }) => id === expected)) {
    throw new Error(`"${text}" should find ${expected} among the first three`)
  }
}

async function load(table, file) {
  await command(['ingest', file, '--table', table])
}

/** One file a year, as they would have arrived. */
async function weatherByYear() {
  const [header, ...days] = (await readFile(join(samples, 'seattle-weather.csv'), 'utf8'))
    .trim()
    .split('\n')
  await mkdir(arrivals)
  const years = [...new Set(days.map((day) => day.slice(0, 4)))]
  return Promise.all(
    years.map(async (year) => {
      const name = `weather-${year}.csv`
      const lines = days.filter((day) => day.startsWith(year))
      await writeFile(join(arrivals, name), `${[header, ...lines].join('\n')}\n`)
      return name
    }),
  )
}

async function ask(title, sql) {
  print(`\n${paint(1, title)}`)
  print(paint(36, sql.replace(/^/gm, '    ')))
  const output = await runCommand(dataDir, ['sql', sql])
  print(output.trimEnd())
}

async function command(args, { cwd = samples, remark = '' } = {}) {
  const shown = args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(' ')
  print(`${paint(36, `$ hypermesh ${shown}`)}${remark && paint(2, `   # ${remark}`)}`)
  print((await runCommand(dataDir, args, cwd)).trimEnd())
}

function heading(text) {
  print(`\n${paint(1, text)}\n${paint(2, '─'.repeat(text.length))}`)
}

function print(text) {
  process.stdout.write(`${text}\n`)
}
