import { randomInt } from 'node:crypto'
import {
  type FileFormat,
  fileFormats,
  type IngestMode,
  ingestMode,
  quoteIdentifier,
  type StructField,
  type WireLong,
} from '@hypermesh/contract'
import { readEnvironment } from '@hypermesh/kit'
import { type Platform, startPlatform } from '@hypermesh/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Dice } from './_dice.ts'
import { fileWriters, sqlLiteral } from './_file-writers.ts'
import { randomColumn, randomFile } from './_random-file.ts'
import {
  addColumn,
  alterColumn,
  answerOf,
  dropColumn,
  loadFile,
  sqlTypes,
  type TableState,
  widerTypes,
} from './_table-model.ts'

// SEED repeats a run; HISTORY_RUNS and HISTORY_STEPS make it longer.
const environment = readEnvironment()
const seed = Number(environment.SEED ?? randomInt(1, 2 ** 31))
const numRuns = Number(environment.HISTORY_RUNS ?? 6)
const stepCount = Number(environment.HISTORY_STEPS ?? 12)

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform[Symbol.asyncDispose]())

const schemaSteps = ['add', 'widen', 'rename', 'drop'] as const

/** What a step does in detail follows from its dice and the table at the time. */
type Step = { readonly dice: number } & (
  | { readonly kind: 'load'; readonly format: FileFormat; readonly mode: IngestMode }
  | { readonly kind: (typeof schemaSteps)[number] | 'nothing' }
)

const load = fc.record({
  kind: fc.constant('load' as const),
  format: fc.constantFrom(...fileFormats),
  mode: fc.constantFrom(...ingestMode.options),
  dice: fc.nat(),
})
const schemaStep = fc.record({ kind: fc.constantFrom(...schemaSteps), dice: fc.nat() })
// What fails is shown with nothing in place of each step that it does not take.
const nothing = fc.constant({ kind: 'nothing' as const, dice: 0 })
const step = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: nothing, weight: 1 },
  { arbitrary: load, weight: 10 },
  { arbitrary: schemaStep, weight: 10 },
)
const steps: fc.Arbitrary<Step[]> = fc.array(step, {
  minLength: stepCount,
  maxLength: stepCount,
  size: 'max',
})

let tableCount = 0

test(
  `every snapshot reads as the table was then, whatever came later (SEED=${seed})`,
  async () => {
    const histories = fc.asyncProperty(load, steps, async (first, later) => {
      tableCount += 1
      const history = new History(`histories.t${tableCount}`)
      for (const step of [first, ...later]) await history.take(step)
    })
    // Ends in time to show the shortest history that was found to fail.
    const interruptAfterTimeLimit = 30_000 * numRuns
    await fc.assert(histories, {
      seed,
      numRuns,
      interruptAfterTimeLimit,
      markInterruptAsFailure: true,
    })
  },
  60_000 * numRuns,
)

/** A table, and a model that keeps each of its states. */
class History {
  readonly #table: string
  #state: TableState | undefined
  #rowCount = 0
  readonly #snapshots: { readonly id: WireLong; readonly state: TableState }[] = []

  constructor(table: string) {
    this.#table = table
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'nothing') return
    const dice = new Dice(step.dice)
    if (step.kind === 'load') await this.#load(step.format, step.mode, dice)
    else await this.#changeSchema(step.kind, dice)
    await this.#compare(undefined, this.#state, dice)
    const newest = this.#snapshots.at(-1)
    await this.#compare(newest?.id, newest?.state, dice)
    for (const { id, state } of dice.sample(this.#snapshots, 2)) {
      await this.#compare(id, state, dice)
    }
  }

  async #load(format: FileFormat, mode: IngestMode, dice: Dice): Promise<void> {
    const file = randomFile(this.#state, this.#rowCount, dice)
    this.#rowCount += file.rows.length
    const types = Object.fromEntries(file.columns.map(({ name, type }) => [name, sqlTypes[type]]))
    const { isText, write } = fileWriters[format]
    const body = await write(file)
    const request = { body, format, mode, types: isText ? types : {} }
    const receipt = await platform.clients.writer.ingest(this.#table, request)
    const { state, schemaChanges } = loadFile(this.#state, file, mode)
    expect(receipt).toMatchObject({ result: 'committed', rows: file.rows.length, schemaChanges })
    this.#state = state
    this.#snapshots.push({ id: receipt.snapshotId, state })
  }

  /** Without a snapshot: what was read by id stays, and the table itself has the new schema. */
  async #changeSchema(kind: (typeof schemaSteps)[number], dice: Dice): Promise<void> {
    const state = this.#state
    if (state === undefined) return
    const old = dice.pick(state.columns.filter(({ name }) => name !== 'id'))
    const added = randomColumn(state, dice)
    if (kind === 'add') {
      if (added === undefined) return
      this.#state = addColumn(state, added)
      return this.#commit((fields, id) => [...fields, { ...added, id, required: false }])
    }
    if (old === undefined) return
    if (kind === 'drop') {
      this.#state = dropColumn(state, old.name)
      return this.#commit((fields) => fields.filter(({ name }) => name !== old.name))
    }
    const type = widerTypes[old.type]
    const change = kind === 'widen' ? type && { type } : added && { name: added.name }
    if (change === undefined) return
    this.#state = alterColumn(state, old.name, change)
    return this.#commit((fields) =>
      fields.map((field) => (field.name === old.name ? { ...field, ...change } : field)),
    )
  }

  async #commit(change: (fields: StructField[], newId: number) => StructField[]): Promise<void> {
    const { writer } = platform.clients
    const { metadata } = await writer.loadTable(this.#table)
    const schemaId = metadata['current-schema-id']
    const schema = metadata.schemas.find((each) => each['schema-id'] === schemaId)
    const fields = change(schema?.fields ?? [], metadata['last-column-id'] + 1)
    await writer.commitTable(this.#table, {
      requirements: [{ type: 'assert-current-schema-id', 'current-schema-id': schemaId }],
      updates: [
        { action: 'add-schema', schema: { type: 'struct', fields } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
  }

  /** All rows; and at times those with one value, for which files may be left out. */
  async #compare(id: WireLong | undefined, state: TableState | undefined, dice: Dice) {
    if (state === undefined) return
    const at = id === undefined ? '' : ` AT (VERSION => ${id})`
    const from = `SELECT * FROM ${this.#table}${at}`
    expect(await answer(`${from} ORDER BY id`)).toEqual(answerOf(state))
    const column = dice.isOneIn(2) ? dice.pick(state.columns) : undefined
    if (column === undefined) return
    const wanted = dice.pick(state.rows)?.get(column.id) ?? null
    const rows = state.rows.filter((row) => (row.get(column.id) ?? null) === wanted)
    const isWanted = wanted === null ? 'IS NULL' : `= ${sqlLiteral(wanted, column)}`
    const filtered = `${from} WHERE ${quoteIdentifier(column.name)} ${isWanted} ORDER BY id`
    expect(await answer(filtered), filtered).toEqual(answerOf({ ...state, rows }))
  }
}

async function answer(sql: string) {
  const { columns, rows } = await platform.clients.reader.sql(sql)
  return { columns, rows }
}
