import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

const cars = 'name,horsepower\nchevelle,130\n"buick, skylark",165\n'

function onPlatform(
  body: (platform: Platform, root: string) => Promise<void>,
  options?: (root: string) => PlatformOptions,
) {
  return () =>
    withDirectory(async (root) => {
      await mkdir(join(root, 'in'))
      await using platform = await openPlatform(join(root, 'data'), options?.(root) ?? {})
      await body(platform, root)
      expect(await platform.leftovers()).toEqual([])
    })
}

test(
  'a file becomes a table and its receipt says what was done',
  onPlatform(async ({ client }) => {
    const receipt = await client.ingest('demo.cars', { body: cars, name: 'cars.csv' })
    expect(receipt).toMatchObject({
      table: 'demo.cars',
      mode: 'append',
      result: 'committed',
      format: 'csv',
      rows: 2,
      files: 1,
      bytesIn: cars.length,
      sha256: createHash('sha256').update(cars).digest('hex'),
      inPlace: false,
      schemaChanges: [{ kind: 'create-table' }],
    })
    const { metadata } = await client.loadTable('demo.cars')
    expect(metadata.snapshots).toMatchObject([
      { 'snapshot-id': receipt.snapshotId, summary: { 'total-records': '2' } },
    ])
    expect(metadata.schemas[0]?.fields).toMatchObject([
      { id: 1, name: 'name', type: 'string' },
      { id: 2, name: 'horsepower', type: 'long' },
    ])
  }),
)

test(
  'the same bytes again are a no-op that says so, unless asked again',
  onPlatform(async ({ client, warehouseFiles }) => {
    const first = await client.ingest('demo.cars', { body: cars, name: 'cars.csv' })
    const files = await warehouseFiles()
    const second = await client.ingest('demo.cars', { body: cars, name: 'other.csv' })
    expect(second).toMatchObject({
      result: 'already-loaded',
      rows: 0,
      files: 0,
      snapshotId: first.snapshotId,
    })
    expect(await warehouseFiles()).toEqual(files)
    const third = await client.ingest('demo.cars', { body: cars, name: 'cars.csv', again: true })
    expect(third).toMatchObject({ result: 'committed', rows: 2 })
    const types = { horsepower: 'DOUBLE' }
    const other = await client
      .ingest('demo.cars', { body: cars, name: 'cars.csv', types })
      .catch((error: unknown) => error)
    expect(other).toMatchObject({ code: 'type_mismatch' })
  }),
)

test(
  'overwrite replaces the rows, and is a no-op when they are those of the file',
  onPlatform(async ({ client }) => {
    await client.ingest('demo.cars', { body: cars, name: 'cars.csv' })
    const body = 'name,horsepower\nford,90\n'
    const replaced = await client.ingest('demo.cars', { body, name: 'x.csv', mode: 'overwrite' })
    expect(replaced).toMatchObject({ result: 'committed', rows: 1 })
    const again = await client.ingest('demo.cars', { body, name: 'x.csv', mode: 'overwrite' })
    expect(again).toMatchObject({ result: 'already-loaded' })
    const { tables } = await client.listTables()
    expect(tables).toMatchObject([{ table: 'demo.cars', rows: 1 }])
    const back = await client.ingest('demo.cars', { body: cars, name: 'cars.csv' })
    expect(back).toMatchObject({ result: 'committed' })
  }),
)

test(
  'columns match by name, new ones are added, types are widened',
  onPlatform(async ({ client }) => {
    await client.ingest('demo.cars', { body: cars, name: 'cars.csv' })
    const body = '[{"Horsepower": 90, "name": "ford", "Miles per (gallon)": 18.5}]'
    const receipt = await client.ingest('demo.cars', { body, format: 'json' })
    expect(receipt.schemaChanges).toEqual([
      { kind: 'add-column', column: 'Miles per (gallon)', to: 'double' },
    ])
    const text = await client
      .ingest('demo.cars', { body: 'name,horsepower\nx,fast\n', format: 'csv' })
      .catch((error: unknown) => error)
    expect(text).toMatchObject({
      code: 'type_mismatch',
      message: expect.stringMatching(/long.*string/),
    })
  }),
)

test(
  'a header alone makes a table of no rows',
  onPlatform(async ({ client }) => {
    const receipt = await client.ingest('demo.empty', { body: 'a,b\n', format: 'csv' })
    expect(receipt).toMatchObject({ result: 'committed', rows: 0, files: 0 })
    expect((await client.loadTable('demo.empty')).metadata.schemas[0]?.fields).toHaveLength(2)
  }),
)

test(
  'types that a sample got wrong are told again from the whole file',
  onPlatform(async ({ client }) => {
    const body = `id,v\n${'1,2\n'.repeat(60_000)}1.5,x\n`
    const inspection = await client.inspect({ body, format: 'csv' })
    expect(inspection).toMatchObject({
      format: 'csv',
      inferredFrom: 'all',
      columns: [
        { name: 'id', type: 'double', from: 'inferred' },
        { name: 'v', type: 'string', from: 'inferred' },
      ],
    })
    const receipt = await client.ingest('demo.late', { body, format: 'csv' })
    expect(receipt).toMatchObject({ rows: 60_001 })
    const { metadata } = await client.loadTable('demo.late')
    expect(metadata.schemas[0]?.fields.map((field) => field.type)).toEqual(['double', 'string'])
  }),
)

test(
  'text that only looks like numbers goes into a text column as it stands',
  onPlatform(async ({ client }) => {
    await client.ingest('demo.zips', { body: 'zip\n00501\n', format: 'csv' })
    const receipt = await client.ingest('demo.zips', { body: 'zip\n10001\n', format: 'csv' })
    expect(receipt).toMatchObject({ rows: 1, schemaChanges: [] })
  }),
)

test(
  'JSON behind a byte order mark is read',
  onPlatform(async ({ client }) => {
    const body = '\uFEFF[{"a":1}]'
    const receipt = await client.ingest('demo.mark', { body, format: 'json' })
    expect(receipt).toMatchObject({ rows: 1, bytesIn: Buffer.byteLength(body) })
  }),
)

test(
  'a file of the server is read in place, under the allowed roots only',
  onPlatform(
    async ({ client }, root) => {
      const inside = join(root, 'in', 'we*rd.csv')
      await writeFile(inside, cars)
      await writeFile(join(root, 'outside.csv'), cars)
      await symlink(join(root, 'outside.csv'), join(root, 'in', 'link.csv'))
      await mkdir(join(root, 'in', 'directory.csv'))
      const receipt = await client.ingest('demo.cars', { source: inside })
      expect(receipt).toMatchObject({ inPlace: true, rows: 2, result: 'committed' })
      expect(await client.ingest('demo.cars', { source: inside })).toMatchObject({
        result: 'already-loaded',
        inPlace: true,
      })
      expect(await readFile(inside, 'utf8')).toBe(cars)
      const code = async (source: string) =>
        client.ingest('demo.cars', { source }).catch((error: { code: string }) => error.code)
      expect(await code(join(root, 'outside.csv'))).toBe('forbidden')
      expect(await code(join(root, 'in', '..', 'outside.csv'))).toBe('forbidden')
      expect(await code(join(root, 'in', 'link.csv'))).toBe('forbidden')
      expect(await code('/no/such/file.csv')).toBe('forbidden')
      expect(await code('in/we*rd.csv')).toBe('invalid')
      expect(await code(join(root, 'in', 'directory.csv'))).toBe('invalid')
      expect(await code(join(root, 'in', 'missing.csv'))).toBe('not_found')
    },
    (root) => ({ allowedRoots: [join(root, 'in')] }),
  ),
)

test(
  'a file that changes while it is loaded is a conflict and loads nothing',
  onPlatform(
    async ({ client, warehouseFiles }, root) => {
      const path = join(root, 'in', 'x.csv')
      await writeFile(path, `a,b\n${'1,2\n'.repeat(400_000)}`)
      const work = client.ingest('demo.moving', { source: path })
      await writeFile(join(root, 'in', 'y'), `a,b\n${'1,2\n'.repeat(400_000)}`)
      await rename(join(root, 'in', 'y'), path)
      const outcome = await work.catch((error: { code: string }) => error)
      // The load may have begun after the change; then it is a load of the new file.
      if ('code' in outcome) {
        expect(outcome).toMatchObject({ code: 'conflict' })
        expect(await warehouseFiles()).toEqual([])
      }
    },
    (root) => ({ allowedRoots: [join(root, 'in')] }),
  ),
)
