import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDataDirectory } from '../src/data-directory.ts'
import { openStore } from './_steps.ts'

const refusal = whyNoMount()
if (refusal !== undefined) {
  process.stderr.write(`full-disk.test.ts is skipped: ${refusal}\n`)
}

test.skipIf(refusal)('a full device is storage_full, and the store is as before', async () => {
  await using device = await mountTmpfs('size=2m')
  const { store, data } = await openStore(device.path)
  await store.put('kept', Buffer.alloc(1_000_000, 'a'))
  const chunks = async function* () {
    for (let count = 0; count < 100; count += 1) yield Buffer.alloc(100_000)
  }
  const full = { code: 'storage_full', effect: 'none', retryable: true }
  await expect(store.put('new/large', chunks())).rejects.toMatchObject(full)
  await expect(store.put('kept', chunks())).rejects.toMatchObject(full)
  expect(await readdir(data.temporary)).toEqual(['alive.sock', 'owner.json'])
  expect((await store.list({ limit: 9 })).objects).toMatchObject([{ key: 'kept', bytes: 1e6 }])
  // What was written of the large one is free again.
  await store.put('other', Buffer.alloc(500_000))
  await data[Symbol.asyncDispose]()
})

test.skipIf(refusal)('a device with no room to open it says so with the directory', async () => {
  await using device = await mountTmpfs('size=1m,nr_inodes=4')
  const root = join(device.path, 'data')
  await expect(openDataDirectory(root)).rejects.toMatchObject({
    code: 'storage_full',
    message: expect.stringContaining(root),
  })
})

test.skipIf(refusal)('a read-only device is unavailable, by name, and is still read', async () => {
  await using device = await mountTmpfs('size=2m')
  const { store, data } = await openStore(device.path)
  await store.put('a', Buffer.from('x'))
  const file = join(data.temporary, 'file')
  await writeFile(file, 'y')
  device.remount('ro')
  const refused = { code: 'unavailable', effect: 'none', message: expect.stringContaining('EROFS') }
  await expect(store.put('b', Buffer.from('x'))).rejects.toMatchObject(refused)
  await expect(store.delete('a')).rejects.toMatchObject(refused)
  await expect(store.publish(file, 'c')).rejects.toMatchObject(refused)
  expect(Buffer.from(await store.read('a')).toString()).toBe('x')
  await expect(openDataDirectory(device.path)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(device.path),
  })
  device.remount('rw')
  await data[Symbol.asyncDispose]()
})

test.skipIf(refusal)('a file from another device is not published by a copy', async () => {
  await using device = await mountTmpfs('size=2m')
  await using other = await mountTmpfs('size=2m')
  const { store, data } = await openStore(device.path)
  const file = join(other.path, 'file')
  await writeFile(file, 'x')
  await expect(store.publish(file, 'a')).rejects.toMatchObject({ code: 'unavailable' })
  expect(existsSync(file)).toBe(true)
  expect(await store.head('a')).toBeUndefined()
  await data[Symbol.asyncDispose]()
})

async function mountTmpfs(options: string) {
  const path = await mkdtemp(join(tmpdir(), 'hypermesh-mount-'))
  await mkdir(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  return {
    path,
    remount: (mode: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${mode}`, path]),
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['-l', path])
      await rm(path, { recursive: true, force: true })
    },
  }
}

function whyNoMount(): string | undefined {
  const probe =
    'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d" && rmdir "$d"'
  try {
    execFileSync('sh', ['-c', probe], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    const reason = String((error as { stderr?: Buffer }).stderr ?? error).trim()
    return `this user may not mount a tmpfs (${reason}); run it as root: ${probe}`
  }
}
