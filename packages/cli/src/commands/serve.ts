import { type ConfigFlag, createLogger } from '@hypermesh/kit'
import type { CommandContext } from '../command-context.ts'
import { loadSettings } from '../settings.ts'

export interface ServeFlags {
  readonly host?: string
  readonly port?: string
  readonly auth: boolean
  readonly logLevel?: string
  readonly target?: string
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
  const { root, services, peerUrl } = lakehouse
  const url = lakehouse.url ?? peerUrl
  const facts = {
    url,
    peerUrl,
    services,
    dataDir: root,
    pid: process.pid,
    version,
    auth: values.auth.enabled,
  }
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
  services: readonly string[]
  peerUrl: string | undefined
}): string {
  const ready = `HyperMesh ${facts.version} is ready at ${facts.url}`
  const place = `data in ${facts.dataDir}`
  const parts = [`runs ${facts.services.join(', ')}`, `serves the other parts at ${facts.peerUrl}`]
  if (!facts.services.includes('gateway')) return [ready, place, ...parts].join(' · ')
  return [
    ready,
    place,
    ...(facts.peerUrl === undefined ? [] : parts),
    ...(facts.auth ? [] : ['NO KEYS ASKED FOR (authentication is off)']),
    'try: hypermesh ingest FILE, hypermesh sql',
    'Ctrl-C stops',
  ].join(' · ')
}

function serveFlags({ host, port, auth, logLevel, target }: ServeFlags): ConfigFlag[] {
  const number = port !== undefined && /^\d+$/.test(port) ? Number(port) : port
  const given: ConfigFlag[] = [
    { table: 'gateway', key: 'host', value: host, name: '--host' },
    { table: 'gateway', key: 'port', value: number, name: '--port' },
    { table: 'auth', key: 'enabled', value: auth ? undefined : false, name: '--no-auth' },
    { table: 'lakehouse', key: 'target', value: target?.split(','), name: '--target' },
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
