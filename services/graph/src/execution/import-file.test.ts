import { appendFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '@hypermesh/contract'
import { temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openImport } from './import-file.ts'

const bounds = limits.parse({ graphCopyBytesMax: 8 })

test('what cannot be the path of a file is refused by its code', async () => {
  await using root = await temporaryDirectory()
  await symlink('loop', join(root.path, 'loop'))
  await writeFile(join(root.path, 'file'), 'x')
  const code = (path: string) =>
    openImport(path, root.path, bounds).then(
      () => 'opened',
      (error) => error.code,
    )
  expect(await code('x'.repeat(300))).toBe('invalid_name')
  expect(await code('loop')).toBe('invalid_name')
  expect(await code('file/below')).toBe('not_found')
})

test('a file that grows while it is read ends at the limit', async () => {
  await using root = await temporaryDirectory()
  const path = join(root.path, 'grows')
  await writeFile(path, '12345678')
  await using file = await openImport('grows', root.path, bounds)
  await appendFile(path, '9')
  await expect(textOf(file.bytes)).rejects.toMatchObject({
    ...{ code: 'too_large', details: { limit: 'graph_copy_bytes_max' } },
  })
})

test('the file that was checked is read, also where another has its name by then', async () => {
  await using root = await temporaryDirectory()
  const path = join(root.path, 'file')
  await writeFile(path, 'first')
  await using file = await openImport('file', root.path, bounds)
  await writeFile(join(root.path, 'other'), 'other')
  await rename(join(root.path, 'other'), path)
  expect(await textOf(file.bytes)).toBe('first')
})

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
