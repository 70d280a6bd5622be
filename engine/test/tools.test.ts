import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import {
  Database,
  exportHif,
  importCsv,
  importHif,
  importNdjson,
  type Table,
} from '../lib/index.ts'
import { runCommand } from '../lib/tools/command-line.ts'
import { parseHif } from '../lib/tools/hif-document.ts'
import { callsOf, newDatabase, sampleRows, temporaryDirectory } from './_database.ts'
import { formats } from './_formats.ts'

function contentOf(table: Table) {
  const batch = table.findSync()
  const instants = [...batch.eventTs, ...batch.validTo, ...batch.column('seen').values]
  const rows = batch.rows().map(({ id: _, ...row }) => row)
  return { rows, instants }
}

describe.each(['ndjson', 'hif', 'arrow', 'csv'] as const)('%s', (format) => {
  test('out and in again gives the same hyperedges', async () => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    await calls.insertMany([
      ...sampleRows(120),
      { at: 1_700_000_000_123_457n, members: ['7', 7, 2n ** 64n - 1n] },
      { at: -(2n ** 62n), members: ['a,b', '"', '\n'], props: { seen: -(2n ** 62n) } },
    ])
    const file = join(await temporaryDirectory(), 'calls')
    const { write, read } = formats[format]
    await pipeline(Readable.from(write(calls, { pageRows: 50 })), createWriteStream(file))
    const copy = await callsOf(await newDatabase())
    const report = await read(copy, createReadStream(file, { highWaterMark: 1000 }), {
      batchRows: 40,
    })
    expect(report).toEqual({ inserted: 122, duplicates: 0, commits: 4 })
    expect(contentOf(copy)).toEqual(contentOf(calls))
  })

  test('an empty table goes out and in', async () => {
    const db = await newDatabase()
    const { write, read } = formats[format]
    const pieces = Readable.from(write(await callsOf(db)))
    const copy = await callsOf(await newDatabase())
    expect((await read(copy, pieces)).inserted).toBe(0)
  })

  test('an import with a resume key may be run again', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insertMany(sampleRows(30))
    const pieces: (string | Uint8Array)[] = []
    for await (const piece of formats[format].write(calls)) pieces.push(piece)
    const copy = await callsOf(await newDatabase())
    const source = () => Readable.from(pieces.map((piece) => Buffer.from(piece)))
    const first = await formats[format].read(copy, source(), { resumeKey: 'r' })
    const again = await formats[format].read(copy, source(), { resumeKey: 'r' })
    expect([first.inserted, again.inserted, again.duplicates]).toEqual([30, 0, 30])
  })

  test('noise is refused, and nothing is written', async () => {
    const calls = await callsOf(await newDatabase())
    const noise = [new Uint8Array([0xff, 0xfe, 0x00, 0x80, 1, 2, 3, 4, 5, 6, 7, 8])]
    const work = formats[format].read(calls, Readable.from(noise))
    await expect(work).rejects.toMatchObject({ code: 'invalid' })
    expect(calls.findSync().rowCount).toBe(0)
  })
})

test('an error in a line names the line, and leaves the commits before it', async () => {
  const calls = await callsOf(await newDatabase())
  const line = (members: unknown) => `${JSON.stringify({ at: 1, members })}\n`
  const read = (text: string) => importNdjson(calls, [text], { batchRows: 2 })
  await expect(read(`${line([1])}{\n`)).rejects.toThrow('line 2 is not JSON')
  await expect(read(`\n${line([1])}[]\n`)).rejects.toThrow('line 3 is not a JSON object')
  await expect(read('{"at":1,"members":[1],"x":1}')).rejects.toThrow('line 1 has the unknown field')
  expect(calls.findSync().rowCount).toBe(0)
  const work = read(line([1]) + line([2]) + line([3]) + line([]))
  await expect(work).rejects.toThrow('line 4: members must not be empty')
  expect(calls.findSync().rowCount).toBe(2)
})

test('CSV of others: nodes of digits, quotes, line ends, a byte order mark', async () => {
  const calls = await (await newDatabase()).createTable('t', { properties: { amt: 'float64' } })
  const text =
    '\uFEFFedge,node,role,event_ts,amt\r\ne1,7,,1000,\r\ne1,"a ""b""",host,,\r\n\r\ne2,7,,2024-01-01,2.5'
  await importCsv(calls, [text], { integerNodes: true })
  expect(calls.findSync({ columns: ['at', 'members', 'roles', 'amt'] }).rows()).toEqual([
    { at: 1000, members: [7, 'a "b"'], roles: [null, 'host'], props: { amt: null } },
    { at: Date.UTC(2024), members: [7], roles: null, props: { amt: 2.5 } },
  ])
})

test.each([
  ['edge,node\n', 'line 1: there is no column event_ts'],
  ['edge,node,event_ts,x\n', 'line 1: t has no property "x"'],
  ['edge,node,event_ts\ne,1\n', 'line 2 has 2 fields, the header 3'],
  ['edge,node,event_ts\n,1,1\n', 'line 2 names no edge'],
  ['edge,node,event_ts\ne,1,\n', 'line 2 has no event_ts'],
  ['edge,node,event_ts\n\ne,"1,1\n', 'a quote that is never closed'],
  ['edge,node,event_ts\ne,1"2,1\n', 'line 2 has a quote inside a field'],
  ['edge,node,event_ts\ne,"1"2,1\n', 'line 2 has text behind a closing quote'],
  ['edge,node,event_ts\na,1,1\nb,1,1\na,2,1\n', 'line 4: the lines of edge "a" are apart'],
])('the CSV %j is refused', async (text, message) => {
  const table = await (await newDatabase()).createTable('t')
  await expect(importCsv(table, [text])).rejects.toThrow(message)
})

test('HIF of others: directions are roles, times by default, the unknown only on demand', async () => {
  const calls = await (await newDatabase()).createTable('t')
  const document = {
    'network-type': 'directed',
    metadata: { name: 'x' },
    incidences: [
      { edge: 'e', node: 1, direction: 'tail' },
      { edge: 'e', node: 'b', direction: 'head', attrs: { role: 'boss' } },
    ],
    nodes: [{ node: 1, attrs: { colour: 'red' } }],
    edges: [{ edge: 'e', weight: 2, attrs: { colour: 'blue' } }],
  }
  const read = (options: object) => importHif(calls, [JSON.stringify(document)], options)
  await expect(read({ defaultAt: 5 })).rejects.toThrow('what nodes says of 1')
  await expect(read({ dropUnknown: true })).rejects.toThrow('edge "e" has no attrs.event_ts')
  await read({ defaultAt: 5, dropUnknown: true })
  expect(calls.findSync({ columns: ['at', 'members', 'roles', 'weight'] }).rows()).toEqual([
    { at: 5, members: [1, 'b'], roles: ['tail', 'boss'], weight: 2 },
  ])
})

test('what goes out as HIF has the published fields only', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(40))
  const pieces: string[] = []
  for await (const piece of exportHif(calls, { pageRows: 7 })) pieces.push(piece)
  const parsed = JSON.parse(pieces.join(''))
  const document = parseHif(parsed)
  expect(Object.keys(parsed).sort()).toEqual(['edges', 'incidences', 'metadata', 'network-type'])
  expect(document.edges.length).toBe(40)
  const arity = calls.findSync().members.length
  expect(document.incidences.length).toBe(arity)
  const edges = new Set(document.edges.map(({ edge }) => edge))
  expect(document.incidences.every(({ edge }) => edges.has(edge))).toBe(true)
})

test.each([
  ['{}', 'incidences is missing'],
  ['[]', 'the document must be an object'],
  ['{"incidences":[{"node":1}]}', 'incidences[0].edge must be text or an integer'],
  ['{"incidences":[{"edge":1,"node":1.5}]}', 'incidences[0].node must be text or an integer'],
  ['{"incidences":[{"edge":1,"node":1,"direction":"up"}]}', 'direction must be one of head, tail'],
  ['{"incidences":[{"edge":1,"node":1,"extra":1}]}', 'incidences[0].extra is no field'],
  ['{"incidences":[],"network-type":"big"}', 'network-type must be one of'],
  ['{"incidences":[],"more":1}', 'more is no field of the format'],
  ['{"incidences":[],"edges":[{"edge":1}]}', 'edge 1 has no incidences'],
])('the HIF %s is refused', async (text, message) => {
  const table = await (await newDatabase()).createTable('t')
  await expect(importHif(table, [text])).rejects.toThrow(message)
})

describe('the command', () => {
  async function run(...args: string[]) {
    const [output, errors] = [new PassThrough(), new PassThrough()]
    const code = await runCommand(args, { input: Readable.from([]), output, errors })
    output.end()
    errors.end()
    const text = async (stream: PassThrough) => Buffer.concat(await stream.toArray()).toString()
    return { code, output: await text(output), errors: await text(errors) }
  }

  test('imports, tells, exports, backs up and restores', async () => {
    const directory = await temporaryDirectory()
    const at = (name: string) => join(directory, name)
    const line = '{"at":"1970-01-01T00:00:00.000Z","members":["a",7],"props":{"amt":2}}'
    await writeFile(at('in.ndjson'), `${line}\n`)
    const create = ['--create', '--property', 'amt=float64']
    expect(await run('import', at('db'), 't', at('in.ndjson'), ...create)).toMatchObject({
      code: 0,
    })
    const stats = await run('stats', at('db'))
    expect(JSON.parse(stats.output).tables).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 't' })]),
    )
    expect(await run('compact', at('db'))).toEqual({ code: 0, output: '', errors: '' })
    expect((await run('check', at('db'))).code).toBe(0)
    expect((await run('export', at('db'), 't', at('out.ndjson'))).code).toBe(0)
    const { id: _, ...row } = JSON.parse(await readFile(at('out.ndjson'), 'utf8'))
    expect(row).toEqual(JSON.parse(line))
    expect((await run('export', at('db'), 't', at('out.ndjson'))).errors).toContain('EEXIST')
    expect((await run('backup', at('db'), at('backup'))).code).toBe(0)
    expect((await run('restore', at('backup'), at('again'))).code).toBe(0)
    await using db = await Database.open(at('again'))
    expect(db.table('t').findSync().rowCount).toBe(1)
  })

  test.each([
    [[], 2, 'no command is given'],
    [['nope'], 2, 'there is no command nope'],
    [['toString'], 2, 'there is no command toString'],
    [['stats'], 2, 'stats takes 1 words'],
    [['stats', 'x', '--nope'], 2, "Unknown option '--nope'"],
    [['import', 'x', 't', 'file.txt'], 2, 'the format cannot be told'],
    [['import', 'x', 't', 'f.csv', '--batch-rows', '0'], 2, '--batch-rows is a whole number'],
    [['import', 'x', 't', 'there-is-no-such-file.csv', '--create'], 1, 'ENOENT'],
    [['import', 'x', 't', 'f.csv', '--property', 'amt'], 2, '--property is <name>=<type>'],
    [['import', 'x', 't', 'f.csv', '--time-unit', 'ns'], 2, '--time-unit is s, ms or us'],
    [['export', 'x', 't', 'f', '--format', 'xml'], 2, 'the format cannot be xml'],
    [['stats', import.meta.filename], 1, 'not_a_database'],
    [['check', import.meta.dirname], 1, 'not_a_database'],
    [['repair', import.meta.dirname], 1, 'not_a_database'],
    [['restore', import.meta.dirname, 'x'], 1, 'not_a_database'],
    [['stats', 'there-is-no-such-directory'], 1, 'not_found'],
    [['export', 'there-is-no-such-directory', 't', '--format', 'csv'], 1, 'not_found'],
  ] as const)('%j ends with %d and says why', async (args, code, message) => {
    const outcome = await run(...args)
    expect(outcome.errors).toContain(message)
    expect([outcome.code, outcome.output]).toEqual([code, ''])
  })

  test('a file or table that is not there leaves no database behind', async () => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'db')
    expect((await run('import', path, 't', join(directory, 'no.csv'), '--create')).code).toBe(1)
    await writeFile(join(directory, 'in.ndjson'), '')
    expect((await run('import', path, 't', join(directory, 'in.ndjson'))).errors).toContain(
      'not_found',
    )
    expect(await readdir(directory)).toEqual(['in.ndjson'])
  })

  test('a failed export leaves no half of a file', async () => {
    const db = await newDatabase()
    await db.createTable('t')
    await db.close()
    const file = join(await temporaryDirectory(), 'out.csv')
    expect((await run('export', db.path, 't', file, '--from', 'never')).code).toBe(1)
    expect((await run('export', db.path, 't', file)).code).toBe(0)
    expect(await readFile(file, 'utf8')).toMatch(/^edge,/)
  })

  test('check and stats do not wait for the writer; what writes does, and says so', async () => {
    const db = await newDatabase()
    await (await db.createTable('t')).insert({ at: 1, members: [1] })
    expect((await run('check', db.path)).code).toBe(0)
    expect((await run('stats', db.path)).code).toBe(0)
    for (const command of ['compact', 'backup', 'repair']) {
      const words = command === 'backup' ? [`${db.path}-backup`] : []
      const outcome = await run(command, db.path, ...words)
      expect(outcome.code).toBe(1)
      expect(outcome.errors).toContain('(locked)')
      expect(outcome.errors).toContain(String(process.pid))
    }
  })

  test('--help lists the commands', async () => {
    const { code, output } = await run('--help')
    expect([code, output.includes('restore <backup> <directory>')]).toEqual([0, true])
  })
})
