import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { writeDurable } from '../src/index.ts'

test('a chunk that is written is let go while the upload goes on', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const temporary = await mkdtemp(join(tmpdir(), 'hypermesh-memory-'))
  const chunks: WeakRef<Uint8Array>[] = []
  let heldCount = 0
  async function* upload() {
    for (let index = 0; index < 20; index++) {
      const chunk = new Uint8Array(1000)
      chunks.push(new WeakRef(chunk))
      yield chunk
    }
    // References are let go only between turns of the event loop.
    await setImmediate()
    collect()
    heldCount = chunks.filter((chunk) => chunk.deref() !== undefined).length
  }
  try {
    const { signal } = new AbortController()
    await writeDurable(join(temporary, 'file'), upload(), { mode: 'create', temporary, signal })
    expect(heldCount).toBeLessThan(5)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
})
