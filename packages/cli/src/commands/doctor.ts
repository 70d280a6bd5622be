import { randomUUID } from 'node:crypto'
import { access, constants, link, mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { type Connection, findConnection, isLoopback } from '../connection.ts'
import { describeFailure, ReportedFailure } from '../failure.ts'
import { formatBytes } from '../quantities.ts'
import { readServerFile } from '../server-file.ts'
import { type ClientSettings, readClientSettings } from '../settings.ts'
import type { Terminal } from '../terminal.ts'

export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
}

const nodeMin = [20, 19] as const
const freeBytesWarn = 1_000_000_000
const freeBytesFail = 50_000_000

/** Checks everything that commonly is wrong, and fails when something is. */
export async function runDoctor(context: CommandContext): Promise<void> {
  const { terminal, json, options } = context
  const findings: Finding[] = [checkNode()]
  const settings = await readClientSettings(options).catch((error: unknown) => {
    findings.push({
      check: 'configuration',
      state: 'fail',
      text: describeFailure(error).message,
      advice: 'correct what is listed; hypermesh config shows every setting',
    })
    return undefined
  })
  if (settings) {
    findings.push({ check: 'configuration', state: 'ok', text: 'readable' })
    findings.push(...(await checkDataDirectory(settings.dataDir)))
    findings.push(...(await checkServer(settings, context.signal)))
  }
  if (json) terminal.print(JSON.stringify(findings))
  else for (const finding of findings) printFinding(terminal, finding)
  if (findings.some(({ state }) => state === 'fail')) throw new ReportedFailure()
}

function printFinding(terminal: Terminal, { check, state, text, advice }: Finding): void {
  const style = state === 'ok' ? 'green' : state === 'warn' ? 'yellow' : 'red'
  terminal.print(`${terminal.style(style, state.padEnd(4))}  ${check.padEnd(14)}  ${text}`)
  if (advice !== undefined) terminal.print(`${' '.repeat(22)}→ ${advice}`)
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isEnough = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])
  return isEnough
    ? { check: 'node', state: 'ok', text: process.versions.node }
    : {
        check: 'node',
        state: 'fail',
        text: `${process.versions.node} is too old`,
        advice: `install Node ${nodeMin.join('.')} or newer`,
      }
}

async function checkDataDirectory(dataDir: string): Promise<Finding[]> {
  const existing = await nearestExisting(dataDir)
  try {
    // A file where a directory must be is found by the slash.
    await access(`${existing}/`, constants.W_OK | constants.X_OK)
  } catch {
    const advice = 'give this user the right to write there, or choose another with --data'
    const text = `${existing} is not a directory that can be written`
    return [{ check: 'data directory', state: 'fail', text, advice }]
  }
  const text = existing === dataDir ? dataDir : `${dataDir} (made at the first start)`
  return [
    { check: 'data directory', state: 'ok', text },
    await checkSpace(existing),
    await checkLinks(existing),
  ]
}

async function nearestExisting(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found || dirname(path) === path ? path : nearestExisting(dirname(path))
}

async function checkSpace(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  const text = `${formatBytes(free)} free`
  if (free >= freeBytesWarn) return { check: 'space', state: 'ok', text }
  const state = free < freeBytesFail ? 'fail' : 'warn'
  return { check: 'space', state, text, advice: 'free space, or choose a larger disk with --data' }
}

/** Commits are decided by `link`, which some network and FAT file systems lack. */
async function checkLinks(directory: string): Promise<Finding> {
  const probe = join(directory, `.hypermesh-doctor-${randomUUID()}`)
  try {
    await mkdir(probe)
    await writeFile(join(probe, 'a'), '')
    await link(join(probe, 'a'), join(probe, 'b'))
    return { check: 'hard links', state: 'ok', text: 'the file system has them' }
  } catch (error) {
    const text = `the file system refuses them (${(error as NodeJS.ErrnoException).code})`
    const advice = 'choose a data directory on a local Linux or macOS file system'
    return { check: 'hard links', state: 'fail', text, advice }
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

async function checkServer(settings: ClientSettings, signal: AbortSignal): Promise<Finding[]> {
  const connection = await findConnection(settings)
  const { url, client } = connection
  try {
    const { status, version } = await client.readiness({ signal })
    const server: Finding =
      status === 'ready'
        ? { check: 'server', state: 'ok', text: `${url} is ready, version ${version}` }
        : { check: 'server', state: 'warn', text: `${url} is ${status}`, advice: 'wait a moment' }
    return [server, await checkKey(connection, signal), await checkOwner(connection, settings)]
  } catch (error) {
    return [unreachableServer(url, error), keyPresence(connection)]
  }
}

function unreachableServer(url: string, error: unknown): Finding {
  const isHttp = error instanceof HyperMeshError && error.code === 'upstream'
  if (isHttp) {
    const text = `something else answers at ${url}`
    const advice = isLoopback(url)
      ? 'stop it, or choose another port: hypermesh serve --port PORT'
      : 'name the right server with --url'
    return { check: 'server', state: 'fail', text, advice }
  }
  const { message, hint } = describeFailure(error)
  return {
    check: 'server',
    state: 'warn',
    text: message,
    ...(hint === undefined ? {} : { advice: hint }),
  }
}

async function checkKey(connection: Connection, signal: AbortSignal): Promise<Finding> {
  try {
    await connection.client.listTables({ signal })
    const text = connection.key === undefined ? 'the server asks for none' : connection.keySource
    return { check: 'key', state: 'ok', text }
  } catch (error) {
    const { message, hint } = describeFailure(error)
    return {
      check: 'key',
      state: 'fail',
      text: `${message} (${connection.keySource})`,
      ...(hint === undefined ? {} : { advice: hint }),
    }
  }
}

function keyPresence({ key, keySource }: Connection): Finding {
  return key === undefined
    ? {
        check: 'key',
        state: 'warn',
        text: keySource,
        advice: 'the first start of the server mints an admin key; else pass --key',
      }
    : { check: 'key', state: 'ok', text: keySource }
}

/** Whether the server that answers is the one on this data directory. */
async function checkOwner(connection: Connection, settings: ClientSettings): Promise<Finding> {
  const server = await readServerFile(settings.dataDir)
  if (server && connection.isLocal) {
    return {
      check: 'served from',
      state: 'ok',
      text: `${settings.dataDir} by process ${server.pid}`,
    }
  }
  return {
    check: 'served from',
    state: 'warn',
    text: `${connection.url} does not serve ${settings.dataDir}`,
    advice: 'fine for a server elsewhere; else name its data directory with --data',
  }
}
