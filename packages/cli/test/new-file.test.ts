import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { NewFile } from '../src/new-file.ts'

async function* body(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield Buffer.from(part)
  }
}

test('a file is there once it is whole', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'out.ndjson')
  {
    await using output = await NewFile.create(path)
    expect(await readdir(directory.path)).not.toContain('out.ndjson')
    expect(await output.write(body('a', 'bc'))).toBe(3)
  }
  expect(await readFile(path, 'utf8')).toBe('abc')
  expect(await readdir(directory.path)).toEqual(['out.ndjson'])
})

test('what fails half way leaves nothing', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'out.ndjson')
  const write = async () => {
    await using output = await NewFile.create(path)
    await output.write(body('a', new Error('cut off')))
  }
  await expect(write()).rejects.toThrow('cut off')
  expect(await readdir(directory.path)).toEqual([])
})

test('a file that is there, or comes meanwhile, stays what it is', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'out.ndjson')
  const write = async () => {
    await using output = await NewFile.create(path)
    await writeFile(path, 'other')
    await output.write(body('a'))
  }
  await expect(write()).rejects.toThrow('is there already')
  await expect(NewFile.create(path)).rejects.toThrow('is there already')
  await expect(NewFile.create(join(directory.path, 'none', 'out'))).rejects.toThrow('ENOENT')
  expect(await readFile(path, 'utf8')).toBe('other')
  expect(await readdir(directory.path)).toEqual(['out.ndjson'])
})
