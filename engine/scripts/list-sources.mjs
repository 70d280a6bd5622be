// Prints the C++ files of one folder for gyp and make, which have no patterns: core is every layer's sources
// without their tests, binding is what stands over Node-API.
//
//   node scripts/list-sources.mjs FOLDER               the files themselves
//   node scripts/list-sources.mjs FOLDER OUT [LAYER…]  some of a layer included by one, which it writes into OUT
//
// A compiler reads the same headers and makes the same templates for each file, which took it twice as
// long. So names in an anonymous namespace are a layer's, not a file's.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const unitSources = 8
const [folder = 'core', out, ...layers] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
const paths = readdirSync(join(root, folder), { recursive: true })
  .filter((name) => name.endsWith('.cc') && !name.endsWith('_test.cc'))
  .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
  .sort()
const printed = out === undefined ? paths : units()
if (printed.length > 0) console.log(printed.join('\n'))

function units() {
  return [...new Set(paths.map(dirname))]
    .filter((layer) => layers.length === 0 || layers.includes(layer.slice(folder.length + 1)))
    .flatMap((layer) => {
      const sources = paths.filter((path) => dirname(path) === layer)
      const count = Math.ceil(sources.length / unitSources)
      return Array.from({ length: count }, (_, index) => {
        const from = Math.floor((sources.length * index) / count)
        const to = Math.floor((sources.length * (index + 1)) / count)
        const name = `${out}/${layer.replaceAll('/', '_')}_${index + 1}.cc`
        write(resolve(root, name), sources.slice(from, to))
        return name
      })
    })
}

/** Leaves a unit alone that is as it should be, since to write it is to compile it anew. */
function write(path, sources) {
  const text = sources.map((source) => `#include "${source}"\n`).join('')
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  // Whole, as two makes may build the same units.
  writeFileSync(`${path}.${process.pid}`, text)
  renameSync(`${path}.${process.pid}`, path)
}
