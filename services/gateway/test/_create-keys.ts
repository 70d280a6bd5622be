// A process of its own: opens the key store of a directory and creates keys in it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, systemClock } from '@hypermesh/kit'
import { KeyStore } from '../src/key-store.ts'

const [root = '', name = '', count = '0'] = process.argv.slice(2)
const temporary = join(root, name)
mkdirSync(temporary)
const store = await KeyStore.open({
  directory: join(root, 'keys'),
  temporary,
  keysMax: 10_000,
  clock: systemClock,
  logger: createLogger('silent'),
})
for (let index = 0; index < Number(count); index++) {
  await store.create({ name: `${name}_${index}`, role: 'reader' })
}
