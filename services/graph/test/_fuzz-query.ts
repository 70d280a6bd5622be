import { parseArgs } from 'node:util'
import { fuzzQueries } from './language/_fuzzer.ts'

// npm run fuzz-query -w @hypermesh/graph -- --inputs=1000000 [--seed=7]
const { values } = parseArgs({ options: { inputs: { type: 'string' }, seed: { type: 'string' } } })
const inputs = Number(values.inputs ?? 100_000)
const seed = Number(values.seed ?? process.pid)
const step = 100_000
const total = { inputs: 0, trees: 0, refused: 0 }
for (let done = 0; done < inputs; done += step) {
  const count = fuzzQueries(Math.min(step, inputs - done), seed + done)
  total.inputs += count.inputs
  total.trees += count.trees
  total.refused += count.refused
}
console.log(
  `${total.inputs} inputs, seed ${seed}: ${total.trees} trees, ${total.refused} typed errors, nothing else`,
)
