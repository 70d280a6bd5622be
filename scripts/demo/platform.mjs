import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/cli/bin/hypermesh.cjs', import.meta.url))

/** Starts the built program on a free port; resolves when it says that it is ready. */
export async function startPlatform(dataDir) {
  const child = spawn(
    process.execPath,
    [program, 'serve', '--data', dataDir, '--port', '0', '--log-level', 'warn'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let log = ''
  child.stderr.on('data', (chunk) => {
    log = `${log}${chunk}`.slice(-10_000)
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /ready at (\S+)/.exec(line)?.[1]
      if (url) resolve(url)
    })
  })
  const url = await Promise.race([ready, ended])
  if (typeof url !== 'string') throw new Error(`the platform did not start:\n${log}`)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      return await ended
    },
    kill: () => child.kill('SIGKILL'),
  }
}

/** Runs one `hypermesh` command in a directory and returns what it printed. */
export async function runCommand(dataDir, args, cwd) {
  const child = spawn(process.execPath, [program, '--data', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`hypermesh ${args.join(' ')} ended with ${code}:\n${stderr}`)
  return stdout
}
