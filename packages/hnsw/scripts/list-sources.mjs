// Prints the C++ files for gyp, which has no patterns.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const names = readdirSync(join(import.meta.dirname, '..', 'native'))
const sources = names.filter((name) => name.endsWith('.cc')).map((name) => `native/${name}`)
console.log(sources.sort().join('\n'))
