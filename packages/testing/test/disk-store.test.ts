import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskStore, openDataDirectory } from '@hypermesh/object-store'
import { describeObjectStore, temporaryDirectory } from '@hypermesh/testing'
import { expect } from 'vitest'

describeObjectStore('disk', async () => {
  const directory = await temporaryDirectory()
  const data = await openDataDirectory(directory.path)
  return {
    store: new DiskStore({ root: join(data.root, 'objects'), temporary: data.temporary }),
    localDirectory: data.temporary,
    async [Symbol.asyncDispose]() {
      const left = (await readdir(data.temporary)).filter((name) => name.startsWith('draft-'))
      await data[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
      expect(left).toEqual([])
    },
  }
})
