import { defaultLimits } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { defineIndex } from './index-definition.ts'
import { IndexFiling } from './index-filing.ts'
import { emptyState, type IndexState } from './index-state.ts'
import { IndexWriter, PendingBytes } from './index-writer.ts'

const request = { dimension: 2, metric: 'l2', m: 16, efConstruction: 200, fields: {} } as const
const definition = defineIndex('x', request, { limits: defaultLimits, nowMs: 0 })

function open(): { filing: IndexFiling; writer: IndexWriter; state: IndexState } {
  const writer = new IndexWriter({
    limits: defaultLimits,
    pending: new PendingBytes(1000),
    commit: async () => 1,
    onWritten: () => undefined,
  })
  return { filing: new IndexFiling(writer), writer, state: emptyState(definition, defaultLimits) }
}

/** A promise that is fulfilled from outside. */
function gate(): { readonly passed: Promise<void>; pass(): void } {
  let pass = () => {}
  const passed = new Promise<void>((resolve) => {
    pass = resolve
  })
  return { passed, pass: () => pass() }
}

const write = (writer: IndexWriter, told: string[], what: string) =>
  writer.write({
    ids: undefined,
    bytes: 0,
    signal: new AbortController().signal,
    prepare: () => ({ entry: undefined, apply: async () => void told.push(what) }),
  })

test('a write waits for the table of a file, and not for the rest of it', async () => {
  const { filing, writer, state } = open()
  const told: string[] = []
  const [begun, table, rest] = [gate(), gate(), gate()]
  const file = filing.write(async () => ({
    state,
    write: async (onTableWritten) => {
      begun.pass()
      await table.passed
      told.push('table')
      onTableWritten()
      await rest.passed
      told.push('file')
      return 7
    },
  }))
  await begun.passed
  const writing = write(writer, told, 'write')
  table.pass()
  await writing
  rest.pass()
  expect(await file).toBe(7)
  expect(told).toEqual(['table', 'write', 'file'])
})

test('the next file begins when the one before has ended, though it failed', async () => {
  const { filing, state } = open()
  const told: string[] = []
  const fail = gate()
  const first = filing.write(async () => ({
    state,
    write: async (onTableWritten) => {
      onTableWritten()
      await fail.passed
      told.push('first')
      throw new Error('the disk is full')
    },
  }))
  const second = filing.write(async () => {
    told.push('second')
    return { state, write: async () => 2 }
  })
  fail.pass()
  await expect(first).rejects.toThrow('the disk is full')
  expect(await second).toBe(2)
  await filing.ended()
  expect(told).toEqual(['first', 'second'])
})

test('one that fails before its table is written lets writes go on', async () => {
  const { filing, writer, state } = open()
  const told: string[] = []
  const file = filing.write(async () => ({
    state,
    write: () => Promise.reject(new Error('the disk is full')),
  }))
  const writing = write(writer, told, 'write')
  await expect(file).rejects.toThrow('the disk is full')
  await writing
  expect(told).toEqual(['write'])
})

test('the graph of a file is not let go of before the file has ended', async () => {
  const { filing, state } = open()
  const told: string[] = []
  const [begun, rest] = [gate(), gate()]
  const file = filing.write(async () => ({
    state,
    write: async (onTableWritten) => {
      onTableWritten()
      begun.pass()
      await rest.passed
      told.push('file')
    },
  }))
  await begun.passed
  state.readers.whenLeft(() => told.push('left'))
  rest.pass()
  await file
  await filing.ended()
  expect(told).toEqual(['file', 'left'])
})
