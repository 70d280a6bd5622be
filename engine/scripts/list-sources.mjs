// Prints the C++ files of one folder for gyp, which has no patterns: core is every layer's sources
// without their tests, binding is what stands over Node-API.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2] ?? 'core'
const root = join(import.meta.dirname, '..')
const paths = readdirSync(join(root, folder), { recursive: true })
  .filter((name) => name.endsWith('.cc') && !name.endsWith('_test.cc'))
  .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
console.log(paths.sort().join('\n'))
