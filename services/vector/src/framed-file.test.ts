import { expect, test } from 'vitest'
import { readFrame, writeFrame } from './framed-file.ts'

test('a section that no single buffer could hold is read in pieces', async () => {
  const graph = Buffer.from('0123456789')
  const sections = [
    { name: 'graph', bytes: 10, chunks: () => [graph] },
    { name: 'ids', bytes: 0, chunks: () => [] },
  ]
  const chunks: Uint8Array[] = []
  for await (const chunk of writeFrame({ index: 'x' }, sections)) chunks.push(chunk)
  const file = Buffer.concat(chunks)
  const read = (bytes: Buffer) => readFrame(sourceOf(bytes), bytes.length, 4)
  const frame = await read(file)
  expect(frame.sections.get('graph')?.map(String)).toEqual(['0123', '4567', '89'])
  expect(frame.sections.get('ids')).toEqual([])
  // The checksum is of all pieces together.
  const at = file.indexOf(graph)
  for (let index = at; index < at + graph.length; index += 1) {
    const flipped = Buffer.from(file)
    flipped[index] = (flipped[index] as number) ^ 1
    await expect(read(flipped)).rejects.toMatchObject({ code: 'damaged' })
  }
})

async function* sourceOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes
}
