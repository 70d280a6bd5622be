import { readFileSync } from 'node:fs'
import { loadFlipped, pointsIn } from './_flipped-files.ts'

// tsx --conditions=hypermesh:source services/vector/test/_flip-many.ts [flips] [seed] [file]
const fixture = new URL('./fixtures/index-1.hmv', import.meta.url)
const [flips = '1000000', seed = String(Date.now() % 1_000_000), file] = process.argv.slice(2)
const bytes = readFileSync(file ?? fixture)
console.log(`${bytes.length} bytes, ${await pointsIn(bytes)} points, ${flips} flips, seed ${seed}`)
await loadFlipped(bytes, { flips: Number(flips), seed: Number(seed) })
console.log('each was noticed')
