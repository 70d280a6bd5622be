import { expect, test } from 'vitest'
import { Warehouse } from '../src/index.ts'
import { openLake } from './_lake.ts'

test('keys and uris map both ways, however the root is spelled in a uri', async () => {
  await using lake = await openLake()
  const at = (uri: string) => new Warehouse(lake.warehouse.store, uri)
  const warehouse = at('file:///data/my%20lake%20%C3%A9/warehouse')
  const key = 'warehouse/n/t/data/p=a%2Fb/x.parquet'
  expect(warehouse.toKey(warehouse.toUri(key))).toBe(key)
  expect(warehouse.toKey('file:///data/my lake é/warehouse/n/x')).toBe('warehouse/n/x')
  expect(warehouse.toKey('file:/data/my lake é/warehouse/n/x')).toBe('warehouse/n/x')
  expect(warehouse.toKey('/data/my lake é/warehouse/n/x')).toBe('warehouse/n/x')
  expect(at('file:///data/my lake é/warehouse').toKey(warehouse.toUri(key))).toBe(key)
  expect(at('file:///data/100%/w').toKey('file:///data/100%/w/x')).toBe('warehouse/x')
  expect(warehouse.tableLocation({ namespace: 'n', table: 't' })).toBe(
    'file:///data/my%20lake%20%C3%A9/warehouse/n/t',
  )
  expect(lake.warehouse.localPath(`${lake.warehouse.uri}/n/x`)).toBe(`${lake.root}/warehouse/n/x`)
})

test('what is not inside the warehouse has no key', async () => {
  await using lake = await openLake()
  const warehouse = new Warehouse(lake.warehouse.store, 'file:///data/warehouse/')
  const invalid = expect.objectContaining({ code: 'invalid' })
  const uris = [
    'file:///data/warehouse',
    'file:///data/warehouse/',
    'file:///data/warehouse/../keys/admin.key',
    'file:///data/warehouse/n/../../keys',
    'file:///data/warehouse/n//x',
    'file:///data/warehouse/./x',
    'file:///data/warehouse2/x',
    'file:///etc/passwd',
    's3://data/warehouse/x',
    'file:///data/warehouse/a\\b',
    'file:///data/warehouse/a\0b',
    '',
  ]
  for (const uri of uris) expect(() => warehouse.toKey(uri), uri).toThrow(invalid)
  for (const key of ['warehouse/../x', 'objects/x', 'warehouse/', 'warehouse//x']) {
    expect(() => warehouse.toUri(key), key).toThrow(invalid)
  }
})
