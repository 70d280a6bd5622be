import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles } from './file-list.ts'

test('directories and patterns become the files that can be loaded, in order', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hypermesh-list-'))
  try {
    await mkdir(join(root, 'sub/deep'), { recursive: true })
    const names = [
      'b.csv',
      'a.json.gz',
      'notes.txt',
      '.hidden.csv',
      'sub/c.csv',
      'sub/deep/d.arrow',
    ]
    for (const name of [...names, 'odd[1].csv']) await writeFile(join(root, name), 'x')
    const list = async (...given: string[]) => {
      const paths = await listFiles(given.map((name) => (name === '-' ? name : join(root, name))))
      return paths.map((path) => path.replace(`${root}/`, ''))
    }
    expect(await list('')).toEqual([
      'a.json.gz',
      'b.csv',
      'odd[1].csv',
      'sub/c.csv',
      'sub/deep/d.arrow',
    ])
    expect(await list('sub', 'b.csv', '-')).toEqual(['sub/c.csv', 'sub/deep/d.arrow', 'b.csv', '-'])
    expect(await list('*.csv')).toEqual(['b.csv', 'odd[1].csv'])
    expect(await list('**/*.csv')).toEqual(['b.csv', 'odd[1].csv', 'sub/c.csv'])
    expect(await list('s?b/*')).toEqual(['sub/c.csv'])
    expect(await list('odd[1].csv', 'missing.csv')).toEqual(['odd[1].csv', 'missing.csv'])
    await expect(list('*.tsv')).rejects.toThrow('no file fits')
    await mkdir(join(root, 'empty'))
    await expect(list('empty')).rejects.toThrow('can be loaded')
  } finally {
    await rm(root, { recursive: true })
  }
})
