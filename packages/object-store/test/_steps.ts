import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataDirectory, openDataDirectory } from '../src/data-directory.ts'
import { DiskStore } from '../src/disk-store.ts'

/** What may be interrupted: a state before, one step, and what may be seen of its object then. */
export interface Scenario {
  readonly key: string
  readonly before: string | undefined
  readonly after: string | undefined
  step(store: DiskStore, data: DataDirectory): Promise<unknown>
}

const before = 'before '.repeat(1000)
const after = 'after '.repeat(1000)

async function* streamed() {
  yield Buffer.from(after.slice(0, 100))
  yield Buffer.from(after.slice(100))
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  replace: {
    key: 'a/b',
    before,
    after,
    step: (store) => store.put('a/b', streamed()),
  },
  create: {
    key: 'new/directory/b',
    before: undefined,
    after,
    step: (store) => store.put('new/directory/b', streamed(), { ifNoneMatch: '*' }),
  },
  publish: {
    key: 'data/1.parquet',
    before: undefined,
    after,
    async step(store, data) {
      const file = join(data.temporary, 'ingest-1', 'out.parquet')
      await mkdir(join(data.temporary, 'ingest-1'))
      await writeFile(file, after)
      return store.publish(file, 'data/1.parquet')
    },
  },
  delete: {
    key: 'a/b',
    before,
    after: undefined,
    step: (store) => store.delete('a/b'),
  },
}

export async function openStore(root: string): Promise<{ store: DiskStore; data: DataDirectory }> {
  const data = await openDataDirectory(root)
  return {
    store: new DiskStore({ root: join(data.root, 'objects'), temporary: data.temporary }),
    data,
  }
}
