import { Database } from '../lib/index.ts'

// A second process beside a writer: says in one line of JSON what it saw.
const [how, path = ''] = process.argv.slice(2)

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
    return null
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string }
    return { code, message }
  }
}

if (how === 'writer') {
  process.stdout.write(JSON.stringify({ failure: await codeOf(() => Database.open(path)) }))
} else {
  // Counts as often as the writer says so, by a line on standard input each time.
  await using db = await Database.open(path, { readOnly: true })
  process.stdout.write(`${db.table('t').findSync().rowCount}\n`)
  for await (const _ of process.stdin) {
    await db.refresh()
    process.stdout.write(`${db.table('t').findSync().rowCount}\n`)
  }
}
