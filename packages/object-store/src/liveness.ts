import { close, open } from 'node:fs'
import { readFile, readlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { faultPoint } from './fault-points.ts'
import { hasErrno, toStorageError } from './storage-error.ts'

/**
 * Who owns a directory below tmp/. A process listens on a socket in its directory: the kernel then
 * says to anybody who shares the file system, also from another container, whether it lives. Where no
 * socket can be made, the process is looked up by its id and start time.
 */
interface Owner {
  readonly pid: number
  readonly startTicks: string | null
  readonly bootId: string | null
  readonly hostname: string
  readonly pidNamespace: string | null
  readonly socket: boolean
}

export interface Liveness {
  end(): Promise<void>
}

// Plain descriptors: a FileHandle would be closed by the garbage collector under the socket.
const openDescriptor = promisify(open)
const closeDescriptor = promisify(close)

const ownerFile = 'owner.json'
const socketFile = 'alive.sock'

/** What stands in an owned directory on account of its owner alone. */
export const livenessFiles: readonly string[] = [ownerFile, socketFile]

/** Shows that this process lives, in a directory that nobody else uses. */
export async function proveLiveness(directory: string): Promise<Liveness> {
  // A socket's path may have 107 bytes; through the open directory it is always short.
  const descriptor = await openDescriptor(directory, 'r')
  const server = await listen(socketPath(descriptor, directory)).catch(() => undefined)
  try {
    const owner = { ...(await self()), socket: server !== undefined }
    faultPoint('claim:listening')
    await writeFile(join(directory, ownerFile), JSON.stringify(owner))
  } catch (error) {
    await end(server, descriptor)
    throw error
  }
  return { end: () => end(server, descriptor) }
}

export async function isOwnerAlive(directory: string): Promise<boolean> {
  const owner = await readOwner(directory)
  if (owner === undefined) return canConnect(directory)
  if (await isElsewhere(owner)) return true
  return owner.socket ? canConnect(directory) : isRunning(owner)
}

/**
 * Is the owner on another machine that shares the file system? Its socket refuses everybody here, so
 * nothing tells whether it lives. Another boot under this machine's own name was before a reboot;
 * containers of one machine have names of their own, but the same boot.
 */
async function isElsewhere(owner: Owner): Promise<boolean> {
  return owner.hostname !== hostname() && owner.bootId !== (await ownBootId())
}

function socketPath(descriptor: number, directory: string): string {
  return process.platform === 'linux'
    ? `/proc/self/fd/${descriptor}/${socketFile}`
    : join(directory, socketFile)
}

function listen(path: string): Promise<Server> {
  return new Promise((fulfil, reject) => {
    const server = createServer((connection) => connection.destroy())
    server.unref()
    server.once('error', reject)
    server.listen(path, () => fulfil(server))
  })
}

async function end(server: Server | undefined, descriptor: number): Promise<void> {
  if (server !== undefined) await new Promise<void>((fulfil) => server.close(() => fulfil()))
  await closeDescriptor(descriptor)
}

async function canConnect(directory: string): Promise<boolean> {
  const descriptor = await openDescriptor(directory, 'r').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined
    throw error
  })
  if (descriptor === undefined) return false
  try {
    const errno = await tryConnect(socketPath(descriptor, directory))
    // Any other failure, a full queue for one, means that somebody listens.
    return errno !== 'ECONNREFUSED' && errno !== 'ENOENT'
  } finally {
    await closeDescriptor(descriptor)
  }
}

function tryConnect(path: string): Promise<string | undefined> {
  return new Promise((fulfil) => {
    const connection = connect(path, () => {
      connection.destroy()
      fulfil(undefined)
    })
    connection.once('error', (error: NodeJS.ErrnoException) => fulfil(error.code))
  })
}

async function readOwner(directory: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, ownerFile), 'utf8')) as Owner
  } catch (error) {
    // Not there yet, or cut by a crash.
    if (hasErrno(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw toStorageError(error, 'owner of a temporary directory', 'none')
  }
}

async function self(): Promise<Omit<Owner, 'socket'>> {
  return {
    pid: process.pid,
    startTicks: await startTicksOf(process.pid),
    bootId: await ownBootId(),
    hostname: hostname(),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => null),
  }
}

async function ownBootId(): Promise<string | null> {
  return textOf('/proc/sys/kernel/random/boot_id')
}

/** Without a socket. A process of another container cannot be seen from here, so it counts as alive. */
async function isRunning(owner: Owner): Promise<boolean> {
  const { bootId, pidNamespace } = await self()
  if (owner.bootId !== bootId) return false
  if (owner.pidNamespace !== pidNamespace) return true
  if (pidNamespace !== null) {
    const startTicks = await startTicksOf(owner.pid)
    return startTicks !== null && startTicks === owner.startTicks
  }
  try {
    return process.kill(owner.pid, 0)
  } catch (error) {
    return hasErrno(error, 'EPERM')
  }
}

/** The 22nd field of /proc/<pid>/stat; the second may hold spaces and parentheses. */
async function startTicksOf(pid: number): Promise<string | null> {
  const stat = await textOf(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended, though it is still in the table.
  return fields === undefined || fields[0] === 'Z' ? null : (fields[19] ?? null)
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => null,
  )
}
