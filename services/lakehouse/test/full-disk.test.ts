import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'

const refusal = whyNoMount()
if (refusal !== undefined) process.stderr.write(`full-disk.test.ts is skipped: ${refusal}\n`)

/** A small device of its own: the whole platform lives on it. */
async function withDevice(body: (path: string, remount: (how: string) => void) => Promise<void>) {
  const path = await mkdtemp(join(tmpdir(), 'hypermesh-device-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path])
  try {
    await body(path, (how) => void execFileSync('mount', ['-o', `remount,${how}`, path]))
  } finally {
    execFileSync('umount', ['-l', path])
    await rm(path, { recursive: true, force: true })
  }
}

const rows = (from: number, count: number) =>
  `id,text\n${Array.from({ length: count }, (_, index) => `${from + index},${Math.sin(from + index)}`).join('\n')}\n`

async function load(platform: Platform, body: string) {
  return platform.clients.writer.ingest('main.t', { body, format: 'csv' })
}

async function state(platform: Platform, path: string) {
  const { rows: counted } = await platform.clients.reader.sql('SELECT count(*) FROM main.t')
  const { snapshots } = await platform.clients.reader.tableHistory('main.t')
  const data = await readdir(join(path, 'warehouse/main/t/data'))
  const metadata = await readdir(join(path, 'warehouse/main/t/metadata'))
  const [instance = ''] = await readdir(join(path, 'tmp'))
  const temporary = await readdir(join(path, 'tmp', instance))
  const loads = temporary.filter((name) => /^(ingest-[0-9a-f]{8}-|commit-|draft-)/.test(name))
  return { counted, snapshots: snapshots.length, data, metadata, loads }
}

test.skipIf(refusal)('on a full disk a load fails as storage_full and leaves nothing', () =>
  withDevice(async (path) => {
    await using platform = await startPlatform({ directory: path })
    await load(platform, rows(0, 100))
    const before = await state(platform, path)
    expect(before.loads).toEqual([])
    // Too large for the spool; then so full that hardly a file fits.
    const full = { code: 'storage_full', effect: 'none' }
    await expect(load(platform, rows(1000, 900_000))).rejects.toMatchObject(full)
    expect(await state(platform, path)).toEqual(before)
    const filler = join(path, 'filler')
    await writeFile(filler, Buffer.alloc(32 * 1024 * 1024)).catch(() => undefined)
    await expect(load(platform, rows(2000, 10))).rejects.toMatchObject(full)
    await expect(
      platform.clients.writer.createNamespace({ namespace: ['other'] }),
    ).rejects.toMatchObject({ code: 'storage_full' })
    // Reading goes on meanwhile, and writing once there is room.
    expect(await state(platform, path)).toEqual(before)
    await rm(filler)
    await load(platform, rows(2000, 10))
    expect((await state(platform, path)).counted).toEqual([[110]])
  }),
)

test.skipIf(refusal)('on a disk that becomes read-only a load is refused and reading goes on', () =>
  withDevice(async (path, remount) => {
    await using platform = await startPlatform({ directory: path })
    await load(platform, rows(0, 100))
    const before = await state(platform, path)
    remount('ro')
    await expect(load(platform, rows(2000, 10))).rejects.toMatchObject({ code: 'unavailable' })
    expect(await state(platform, path)).toEqual(before)
    await expect(startPlatform({ directory: path })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(path),
    })
    remount('rw')
    await load(platform, rows(2000, 10))
    expect((await state(platform, path)).counted).toEqual([[110]])
  }),
)

function whyNoMount(): string | undefined {
  if (process.platform !== 'linux') return 'it needs tmpfs mounts, which only Linux has'
  if (process.getuid?.() !== 0) return 'mounting needs root: run it with sudo'
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()])
    return undefined
  } catch {
    return 'mount -t tmpfs is not permitted here'
  }
}
