import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { PieceMemory, pieceMemory } from '../src/piece-memory.ts'
import { writeResponse } from '../src/write-response.ts'

test('a piece is used again after it was given back, once, and never before', () => {
  const memory = new PieceMemory()
  const first = memory.take(100_000)
  expect(memory.take(100_000).buffer).not.toBe(first.buffer)
  memory.giveBack(first.subarray(0, 10))
  memory.giveBack(first)
  const second = memory.take(1)
  expect(second.buffer).toBe(first.buffer)
  expect(memory.take(1).buffer).not.toBe(first.buffer)
  expect(memory.idleBytes).toBe(0)
})

test('a large piece is found below small ones, and each of them once', () => {
  const memory = new PieceMemory()
  const large = memory.take(1024 * 1024)
  const small = [memory.take(1), memory.take(1)]
  for (const piece of [large, ...small]) memory.giveBack(piece)
  expect(memory.take(1024 * 1024).buffer).toBe(large.buffer)
  const rest = new Set([memory.take(1).buffer, memory.take(1).buffer])
  expect(small.map(({ buffer }) => rest.has(buffer))).toEqual([true, true])
  expect(rest.size).toBe(2)
  expect(memory.idleBytes).toBe(0)
})

test('only pieces of its own are kept, and so many', () => {
  const memory = new PieceMemory()
  memory.giveBack(Buffer.allocUnsafeSlow(200_000))
  memory.giveBack(memory.take(4 * 1024 * 1024))
  expect(memory.idleBytes).toBe(0)
  const taken = Array.from({ length: 40 }, () => memory.take(1024 * 1024))
  for (const piece of taken) memory.giveBack(piece)
  expect(memory.idleBytes).toBe(16 * 1024 * 1024)
})

test('what a slow reader gets is never written over, and the memory comes round', async () => {
  const rounds = 300
  const buffers = new Set<ArrayBufferLike>()
  const server = createServer((_, outgoing) => {
    let round = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (round === rounds) return controller.close()
          const piece = pieceMemory.take(100_000)
          buffers.add(piece.buffer)
          controller.enqueue(piece.subarray(0, 100_000).fill(round++ % 251))
        },
      },
      { highWaterMark: 0 },
    )
    void writeResponse(new Response(body), outgoing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { body } = await fetch(`http://127.0.0.1:${port}/`)
  let at = 0
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    for (const byte of chunk) {
      if (byte !== Math.floor(at / 100_000) % 251) throw new Error(`byte ${at} is ${byte}`)
      at += 1
    }
  }
  server.close()
  expect(at).toBe(rounds * 100_000)
  expect(buffers.size).toBeLessThan(rounds / 2)
})
