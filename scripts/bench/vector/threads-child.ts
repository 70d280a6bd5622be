// Builds on one thread and on two, on whatever cores there are.
import type { Figure } from '../figures.ts'
import { clu128, clustered } from './clustered.ts'
import { buildOurs } from './contenders.ts'
import { secondThreadTarget } from './targets.ts'

const data = clustered({ ...clu128, count: 50_000 })
const seconds = new Map([
  [1, [] as number[]],
  [2, [] as number[]],
])
for (const round of [0, 1, 2]) {
  for (const [threads, times] of seconds) {
    const from = performance.now()
    const { index, buildSeconds } = await buildOurs(data, 'f16', threads)
    const elapsed = (performance.now() - from) / 1000
    times.push(elapsed)
    index.close()
    console.log(
      `round ${round}: ${data.count} × ${data.dimension} f16 on ${threads}: ${elapsed.toFixed(2)} s, ${buildSeconds.toFixed(2)} CPU s`,
    )
  }
}
const best = (threads: number) => Math.min(...(seconds.get(threads) ?? []))
const figures: Figure[] = [
  {
    figure: 'build-two-threads',
    value: best(1) / best(2),
    unit: '× one thread',
    target: { atLeast: secondThreadTarget },
  },
]
console.log(JSON.stringify(figures))
