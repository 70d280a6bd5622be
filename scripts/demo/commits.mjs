import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const commitsMin = 20

/** The repository that this checkout is, where it has a history of its own; else one that is made. */
export async function repositoryWithHistory(checkout, directory) {
  const own = await commitCount(checkout).catch(() => 0)
  if (own >= commitsMin) return checkout
  await makeRepository(directory)
  return directory
}

/** None where the older commits are missing: a shallow clone tells little of what went with what. */
async function commitCount(directory) {
  const git = async (...args) => (await run('git', ['-C', directory, ...args])).stdout.trim()
  if ((await git('rev-parse', '--is-shallow-repository')) === 'true') return 0
  return Number(await git('rev-list', '--count', '--no-merges', 'HEAD'))
}

/** The files of the newest commit with their sizes, as NDJSON. */
export async function fileSizes(repository) {
  const args = ['-C', repository, 'ls-tree', '-r', '-l', '-z', 'HEAD']
  const { stdout } = await run('git', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout
    .split('\0')
    .map((entry) => /^\d+ blob \S+ +(\d+)\t(.+)$/s.exec(entry))
    .filter((found) => found !== null)
    .map(([, bytes, path]) => `${JSON.stringify({ path, bytes: Number(bytes) })}\n`)
    .join('')
}

const people = ['ada', 'grace', 'edsger']
/** Who changed which files, one commit after the other. */
const changes = [
  [0, ['README.md', 'src/main.js']],
  [0, ['src/main.js', 'src/parser.js']],
  [1, ['src/parser.js', 'test/parser.test.js']],
  [1, ['src/parser.js', 'test/parser.test.js', 'docs/grammar.md']],
  [2, ['src/printer.js', 'test/printer.test.js']],
  [0, ['src/main.js', 'src/printer.js', 'README.md']],
  [1, ['src/parser.js', 'test/parser.test.js']],
  [2, ['docs/grammar.md', 'README.md']],
  [2, ['src/printer.js', 'src/main.js']],
  [1, ['src/parser.js', 'test/parser.test.js', 'src/main.js']],
  [0, ['README.md', 'docs/guide.md']],
  [0, ['src/main.js', 'package.json']],
]

async function makeRepository(directory) {
  await mkdir(directory, { recursive: true })
  const git = (args, env = {}) =>
    run('git', ['-C', directory, ...args], { env: { ...process.env, ...env } })
  await git(['init', '-q'])
  for (const [index, [who, files]] of changes.entries()) {
    for (const file of files) {
      await mkdir(dirname(join(directory, file)), { recursive: true })
      await writeFile(join(directory, file), `${file} ${'line\n'.repeat(index + 1)}`)
    }
    const name = people[who]
    const date = `${1_700_000_000 + index * 86_400} +0000`
    await git(['add', '-A'])
    await git(['commit', '-q', '-m', `Change ${files.join(', ')}`], {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: `${name}@example.org`,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: `${name}@example.org`,
      GIT_COMMITTER_DATE: date,
    })
  }
}
