// One set of data, on one core. The last line of its output is its figures.
//
//   taskset -c 1 node --import tsx set-child.ts clu128
import type { Storage } from '@hypermesh/hnsw'
import type { Figure } from '../figures.ts'
import { hnswlibNode, hypermesh, type Ours, truthOf, usearchF16 } from './contenders.ts'
import type { VectorData } from './dataset.ts'
import { measureCorrelated, measureFilters } from './filters.ts'
import { firstStep, measureRounds, ratioOf } from './ladder.ts'
import { recallLeast, setNamed } from './sets.ts'
import { buildTarget, searchTargets, usearchTarget } from './targets.ts'
import { measureUpdates } from './updates.ts'

const rounds = 5

const data = await setNamed(process.argv[2] ?? '')
const figures = data === undefined ? [] : await measure(data)
console.log(JSON.stringify(figures))

async function measure(set: VectorData): Promise<Figure[]> {
  console.log(`\n${set.name}: ${set.count} × ${set.dimension}, ${set.metric}`)
  const truth = truthOf(set)
  const hnswlib = await hnswlibNode(set)
  const storages = Object.keys(searchTargets[set.name] ?? {}) as Storage[]
  const ours: Ours[] = []
  for (const storage of storages) ours.push(await hypermesh(set, storage))
  const withUsearch = storages.includes('f16')
  const all = [hnswlib, ...ours, ...(withUsearch ? [await usearchF16(set)] : [])]
  const steps = all.map((contender) => firstStep(contender, truth, recallLeast))
  const rates = measureRounds(steps, set.queryCount, rounds)
  for (const { contender, ef, recall } of steps) {
    const each = (rates.get(contender.name) ?? []).map((rate) => rate.toFixed(0)).join(' ')
    const built = `built in ${contender.buildSeconds.toFixed(1)} CPU s`
    console.log(`${contender.name}: ${built}; ef ${ef}, recall ${recall.toFixed(4)}, ${each} /s`)
  }
  const result: Figure[] = storages.map((storage) => ({
    figure: `${set.name}-${storage}`,
    value: ratioOf(rates, `HyperMesh ${storage}`, hnswlib.name),
    unit: '× hnswlib-node',
    target: { atLeast: searchTargets[set.name]?.[storage] ?? 1 },
  }))
  if (withUsearch) {
    const value = ratioOf(rates, 'HyperMesh f16', 'usearch f16')
    const target = { atLeast: usearchTarget }
    result.push({ figure: `${set.name}-f16-usearch`, value, unit: '× usearch f16', target })
  }
  const value = hnswlib.buildSeconds / (ours[0]?.buildSeconds ?? Number.NaN)
  const target = { atLeast: buildTarget }
  result.push({ figure: `${set.name}-build-f32`, value, unit: '× hnswlib-node', target })
  const index = ours[0]?.index
  if (index === undefined) return result
  if (set.name === 'clu128') result.push(...measureFilters(set, index, hnswlib))
  result.push(...measureCorrelated(set, index))
  for (const contender of all) contender.close()
  if (set.name === 'clu128') result.push(...(await measureUpdates(set)))
  return result
}
