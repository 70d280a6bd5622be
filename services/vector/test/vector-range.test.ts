import { temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openVectors } from './_vectors.ts'

const kinds = (['l2', 'ip', 'cosine'] as const).flatMap((metric) =>
  (['f32', 'f16', 'i8'] as const).map((storage) => ({ metric, storage })),
)

test.each(kinds)(
  'what $metric in $storage cannot hold is refused before it is durable; what it can survives a start',
  async ({ metric, storage }) => {
    await using place = await temporaryDirectory()
    const isWide = metric === 'cosine' || storage === 'f32'
    const most = isWide ? 1e15 : 65_504
    const bytesOf = (value: number) => {
      const body = Buffer.alloc(4 + 8 + 8)
      body.writeUInt32LE(1)
      body.writeBigUInt64LE(7n, 4)
      body.writeFloatLE(value, 12)
      return { body, headers: { 'content-type': 'application/octet-stream' } }
    }
    {
      await using vectors = await openVectors({ directory: place.path })
      await vectors.call('PUT', '/far', { dimension: 2, metric, storage })
      const points = [
        { id: 'up', vector: [most, 1] },
        { id: 'down', vector: [-most, 1] },
      ]
      await vectors.call('POST', '/far/points', { points })
      for (const value of [most * 1.01, -1e16, 1e30]) {
        const points = [{ id: 'x', vector: [value, 1] }]
        await expect(vectors.call('POST', '/far/points', { points })).rejects.toMatchObject({
          code: 'invalid',
        })
        const search = vectors.call('POST', '/far/search', { vector: [value, 1] })
        await expect(search).rejects.toMatchObject({ code: 'invalid' })
        expect((await vectors.send('POST', '/far/points', bytesOf(value))).status).toBe(400)
      }
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect((await vectors.send('POST', '/far/points', bytesOf(value))).status).toBe(400)
      }
      // Twice the one less the other: beyond what is stored, and a query all the same.
      const liked = { positive: ['up'], negative: ['down'], k: 2 }
      expect(await vectors.call('POST', '/far/recommend', liked)).toEqual({ hits: [] })
    }
    await using vectors = await openVectors({ directory: place.path })
    const points = [{ id: 'near', vector: [most, 0.5] }]
    expect(await vectors.call('POST', '/far/points', { points })).toMatchObject({ added: 1 })
    const liked = { positive: ['up'], negative: ['down'], k: 2 }
    expect(await vectors.call('POST', '/far/recommend', liked)).toMatchObject({
      hits: [{ id: 'near', distance: expect.any(Number) }],
    })
  },
)
