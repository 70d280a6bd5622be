import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** The shell blocks of the README, in order. */
async function shellBlocks(): Promise<string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
}

test('the session of the README runs as it is written', async () => {
  const [install, serve, ...session] = await shellBlocks()
  // The one who runs this has done the first block; demo.test.ts runs its second line.
  expect(install).toBe('npm ci\nnpm run demo\n')
  expect(serve).toBe('npx hypermesh serve\n')
  expect(session.length).toBeGreaterThanOrEqual(5)

  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-readme-'))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  const env = { ...process.env, HYPERMESH_GATEWAY__PORT: '0' }
  const server = spawn('sh', ['-c', serve ?? ''], { cwd: directory, env, detached: true })
  const ended = new Promise((resolve) => server.once('close', resolve))
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = ''
      server.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const found = /ready at (\S+)/.exec(output)?.[1]
        if (found) resolve(found)
      })
      void ended.then(() => reject(new Error(`serve ended:\n${output}`)))
    })
    const script = session.join('\n').replaceAll('http://127.0.0.1:3210', url)
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: directory })
    expect(stdout).toContain('main.penguins  344 rows')
    expect(stdout).toContain('main.flights  3,000,000 rows')
    expect(stdout).toContain('nothing to do')
    expect(stdout).toMatch(/│ +344 │/)
    expect(stdout).toMatch(/penguins\r?\n334/)
    // By meaning, and joined with its table.
    expect(stdout).toContain('{"body":"the storm left many roads under water"}')
    expect(stdout).toContain('│ the storm left many roads under water │')
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
    await ended
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}, 300_000)
