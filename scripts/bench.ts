/**
 * `npm run bench -- NAME`: pairs ours against a named baseline in one run, alternating. Each figure
 * ends as a line `NAME figure unit (target …) ok|short`; the exit code is 1 when one is short.
 */
import { readdir } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import type { Bench } from './bench/figures.ts'

const directory = new URL('./bench/', import.meta.url)
const names = (await readdir(directory))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const [name] = process.argv.slice(2)

if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`)
  process.exitCode = 2
} else {
  const { bench } = (await import(new URL(`${name}.bench.ts`, directory).href)) as { bench: Bench }
  console.log(`machine: ${cpus().length} × ${cpus()[0]?.model}, ${gib(totalmem())} GiB`)
  console.log(`node ${process.version}`)
  const figures = await bench()
  for (const { figure, value, unit, target } of figures) {
    const met =
      target.atMost === undefined ? value >= (target.atLeast ?? 0) : value <= target.atMost
    const wanted = target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`
    const verdict = met ? 'ok' : 'short'
    console.log(`${figure} ${value.toFixed(3)} ${unit} (target ${wanted}) ${verdict}`)
    if (!met) process.exitCode = 1
  }
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(0)
}
