import { expect, test } from 'vitest'
import { AddressList, canonicalAddress } from './address-list.ts'

test('a range holds its addresses, in either spelling', () => {
  const list = new AddressList([
    '10.0.0.0/8',
    '::ffff:192.168.0.0/112',
    'fd00::/8',
    '1.2.3.4',
    '::1',
  ])
  for (const inside of [
    '10.255.0.1',
    '::ffff:10.0.0.1',
    '192.168.9.9',
    'fd12::1',
    '1.2.3.4',
    '::1',
  ]) {
    expect([inside, list.has(inside)]).toEqual([inside, true])
  }
  for (const outside of ['11.0.0.1', '192.169.0.1', 'fe80::1', '1.2.3.5', '::2', '', 'x', '10.1']) {
    expect([outside, list.has(outside)]).toEqual([outside, false])
  }
})

test('a range of all IPv4 addresses holds no IPv6 address', () => {
  expect(new AddressList(['0.0.0.0/0']).has('::1')).toBe(false)
  expect(new AddressList(['::/0']).has('10.0.0.1')).toBe(false)
})

test('an address has one spelling', () => {
  expect(canonicalAddress('::ffff:127.0.0.1')).toBe('127.0.0.1')
  expect(canonicalAddress('0:0:0:0:0:0:0:1')).toBe('::1')
})
