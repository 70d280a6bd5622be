import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { onFaultPoint } from './fault-points.ts'
import { isOwnerAlive } from './liveness.ts'

let outer: string
let root: string
const opened: DataDirectory[] = []
const children: ChildProcess[] = []
beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'hypermesh-data-'))
  root = join(outer, 'data')
})
afterEach(async () => {
  onFaultPoint(undefined)
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const data of opened.splice(0)) await data[Symbol.asyncDispose]()
  await rm(outer, { recursive: true, force: true })
})

async function open(path = root): Promise<DataDirectory> {
  const data = await openDataDirectory(path)
  opened.push(data)
  return data
}

/** Another process that has opened the directory, and where its own part is. */
async function startOwner(): Promise<{ child: ChildProcess; temporary: string }> {
  const module = JSON.stringify(new URL('./data-directory.ts', import.meta.url))
  const program = `import(${module}).then(async ({ openDataDirectory }) => {
    console.log((await openDataDirectory(${JSON.stringify(root)})).temporary)
    setInterval(() => {}, 1000)
  })`
  const args = ['--conditions=hypermesh:source', '--import', 'tsx', '-e', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  return { child, temporary: String(line).trim() }
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('each opener gets a private directory of its own, gone at disposal', async () => {
  const first = await open()
  const second = await open()
  expect(first.temporary).not.toBe(second.temporary)
  expect((await stat(first.temporary)).mode & 0o777).toBe(0o700)
  expect(second.abandoned).toEqual([])
  await second[Symbol.asyncDispose]()
  opened.pop()
  expect(await readdir(join(root, 'tmp'))).toEqual([basename(first.temporary)])
})

test('what is left in it at disposal is found abandoned by the next start, and only that', async () => {
  const first = await open()
  const load = join(first.temporary, 'ingest-1')
  await mkdir(join(load, 'out'), { recursive: true })
  await mkdir(join(first.temporary, 'spill', 'deep'), { recursive: true })
  await writeFile(join(load, 'intent.json'), '{}')
  await writeFile(join(first.temporary, 'draft-1'), 'half')
  const other = await open()
  await first[Symbol.asyncDispose]()
  opened.splice(opened.indexOf(first), 1)
  expect(await readdir(first.temporary, { recursive: true })).toEqual([
    'ingest-1',
    'ingest-1/intent.json',
  ])
  expect(await isOwnerAlive(first.temporary)).toBe(false)
  expect(await isOwnerAlive(other.temporary)).toBe(true)
  const next = await open()
  expect(next.abandoned).toEqual([first.temporary])
  await next.removeAbandoned()
  expect((await open()).abandoned).toEqual([])
})

test('disposal is no error where the whole directory is gone', async () => {
  const data = await open()
  await rm(root, { recursive: true })
  await expect(data[Symbol.asyncDispose]()).resolves.toBeUndefined()
  opened.pop()
})

test('each level that is made is durable before the next is put inside', async () => {
  const steps: string[] = []
  onFaultPoint((_, name) => {
    if (name.startsWith('level:')) steps.push(name)
  })
  await open(join(root, 'deep'))
  const made = ['level:made', 'level:synced']
  expect(steps, 'data, data/deep, data/deep once more, data/deep/tmp').toEqual([
    ...made,
    ...made,
    ...made,
  ])
})

test('the directory of a killed process is abandoned, that of a living one is not', async () => {
  const [killed, alive] = [await startOwner(), await startOwner()]
  await writeFile(join(killed.temporary, 'intent.json'), '{}')
  await end(killed.child)
  const data = await open()
  expect(data.abandoned).toEqual([killed.temporary])
  expect(await readFile(join(killed.temporary, 'intent.json'), 'utf8')).toBe('{}')
  await data.removeAbandoned()
  expect((await readdir(join(root, 'tmp'))).sort()).toEqual(
    [alive.temporary, data.temporary].map((path) => basename(path)).sort(),
  )
})

test('without a socket a dead owner is told by its id and start time', async () => {
  const { child, temporary } = await startOwner()
  const owner = JSON.parse(await readFile(join(temporary, 'owner.json'), 'utf8'))
  const write = (change: object) =>
    writeFile(join(temporary, 'owner.json'), JSON.stringify({ ...owner, socket: false, ...change }))
  await write({})
  expect((await open()).abandoned).toEqual([])
  await write({ startTicks: '1' })
  expect((await open()).abandoned, 'the id was given to a later process').toEqual([temporary])
  await write({ bootId: 'of an earlier boot' })
  expect((await open()).abandoned).toEqual([temporary])
  await write({ pidNamespace: 'pid:[1]', startTicks: '1' })
  expect((await open()).abandoned, 'of another container, unseen from here').toEqual([])
  await write({})
  await end(child)
  expect((await open()).abandoned).toEqual([temporary])
})

test('an owner on another machine counts as alive, whose socket and processes are unseen from here', async () => {
  const { child, temporary } = await startOwner()
  await end(child)
  const owner = JSON.parse(await readFile(join(temporary, 'owner.json'), 'utf8'))
  const write = (change: object) =>
    writeFile(join(temporary, 'owner.json'), JSON.stringify({ ...owner, ...change }))
  const elsewhere = { bootId: 'another', hostname: 'another' }
  for (const socket of [true, false]) {
    await write({ ...elsewhere, socket })
    expect((await open()).abandoned).toEqual([])
    await write({ bootId: 'another', socket })
    expect((await open()).abandoned, 'this machine before a reboot').toEqual([temporary])
    await write({ hostname: 'another', socket })
    expect((await open()).abandoned, 'a container of this machine').toEqual([temporary])
  }
})

test('an owner that cannot answer is still alive', async () => {
  const { child } = await startOwner()
  child.kill('SIGSTOP')
  expect((await open()).abandoned).toEqual([])
})

test('twenty openers at once do not take each other for dead', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => open()))
  expect(new Set(all.map((data) => data.temporary)).size).toBe(20)
  expect(all.flatMap((data) => data.abandoned)).toEqual([])
  expect(await readdir(join(root, 'tmp'))).toHaveLength(20)
})

test('a directory reached through a link, or with a path too long for a socket, works', async () => {
  const long = join(outer, 'x'.repeat(200))
  await mkdir(long)
  await symlink(long, root)
  const data = await open()
  expect(data.root).toBe(long)
  expect(JSON.parse(await readFile(join(data.temporary, 'owner.json'), 'utf8')).socket).toBe(true)
  expect((await open(long)).abandoned).toEqual([])
})

test('a file in its place is an error that names it', async () => {
  await writeFile(root, '')
  await expect(openDataDirectory(root)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining(root),
  })
})

test('what somebody else is to settle stays in an abandoned directory, and only that', async () => {
  const dead = join(root, 'tmp', 'dead')
  const empty = join(root, 'tmp', 'empty')
  for (const path of [join(dead, 'ingest-1'), join(dead, 'spill'), empty]) {
    await mkdir(path, { recursive: true })
  }
  await writeFile(join(dead, 'ingest-1', 'intent.json'), '{}')
  await writeFile(join(dead, 'draft-1'), '')
  const part = await open()
  expect(part.abandoned).toEqual([dead, empty])
  await part.removeAbandoned({ keep: ['ingest-'] })
  expect(await readdir(dead, { recursive: true })).toEqual([
    'ingest-1',
    join('ingest-1', 'intent.json'),
  ])
  const whole = await open()
  expect(whole.abandoned).toEqual([dead])
  await whole.removeAbandoned()
  expect(await readdir(join(root, 'tmp'))).not.toContain('dead')
})
