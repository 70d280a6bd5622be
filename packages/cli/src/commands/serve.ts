import { type ConfigFlag, createLogger } from '@hypermesh/kit'
import type { CommandContext } from '../command-context.ts'
import { loadSettings } from '../settings.ts'

export interface ServeFlags {
  readonly host?: string
  readonly port?: string
  readonly auth: boolean
  readonly logLevel?: string
}

/** Runs the platform until a signal, then lets open requests end. */
export async function runServe(context: CommandContext, flags: ServeFlags): Promise<void> {
  const { terminal, json, options, signal } = context
  const { values, settings } = await loadSettings(options, serveFlags(flags))
  const { startLakehouse, version } = await import('@hypermesh/lakehouse')
  const isChosen = settings.some(
    ({ table, key, source }) => table === 'log' && key === 'level' && source.kind !== 'default',
  )
  // A person at a terminal wants to read; a log of every request is for machines.
  const level = terminal.stderr.isTTY && !isChosen ? 'warn' : values.log.level
  const lakehouse = await startLakehouse({ config: values, logger: createLogger(level) })
  const { url, root } = lakehouse
  const facts = { url, dataDir: root, pid: process.pid, version, auth: values.auth.enabled }
  terminal.print(json ? JSON.stringify({ status: 'ready', ...facts }) : readinessLine(facts))
  await aborted(signal)
  if (terminal.stderr.isTTY) terminal.note('stopping; Ctrl-C again stops at once')
  await lakehouse.stop()
}

/** One line: that it serves, where, and what to try. */
function readinessLine(facts: {
  url: string | undefined
  dataDir: string
  version: string
  auth: boolean
}): string {
  return [
    `HyperMesh ${facts.version} is ready at ${facts.url}`,
    `data in ${facts.dataDir}`,
    ...(facts.auth ? [] : ['NO KEYS ASKED FOR (authentication is off)']),
    'try: hypermesh ingest FILE, hypermesh sql',
    'Ctrl-C stops',
  ].join(' · ')
}

function serveFlags({ host, port, auth, logLevel }: ServeFlags): ConfigFlag[] {
  const number = port !== undefined && /^\d+$/.test(port) ? Number(port) : port
  const given: ConfigFlag[] = [
    { table: 'gateway', key: 'host', value: host, name: '--host' },
    { table: 'gateway', key: 'port', value: number, name: '--port' },
    { table: 'auth', key: 'enabled', value: auth ? undefined : false, name: '--no-auth' },
    { table: 'log', key: 'level', value: logLevel, name: '--log-level' },
  ]
  return given.filter(({ value }) => value !== undefined)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
