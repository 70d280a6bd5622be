// Lets databases live on disks that fail, each beside a plain model whose answers they must give.
//
//   npm run simulation -w @hypermesh/engine
//   npm run simulation -w @hypermesh/engine -- --lives 100000 --steps 1000 --seed 7 --build asan
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    lives: { type: 'string', default: '150' },
    steps: { type: 'string', default: '300' },
    seed: { type: 'string' },
    build: { type: 'string', default: 'release' },
  },
})
const seed = values.seed === undefined ? {} : { SEED: values.seed }
const make = ['-s', `-j${availableParallelism()}`, `BUILD=${values.build}`, 'test']
const { status, error } = spawnSync('make', [...make, 'FILTER=simulation_test'], {
  cwd: join(import.meta.dirname, '..'),
  env: { ...process.env, SIMULATIONS: values.lives, SIMULATION_STEPS: values.steps, ...seed },
  stdio: 'inherit',
})
if (error) console.error(`make: ${error.message}`)
process.exitCode = status === 0 ? 0 : 1
