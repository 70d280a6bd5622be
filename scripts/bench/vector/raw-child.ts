// hnswlib-node over one set, for raw-peer.ts: says what is true and how many candidates it needs, then for
// each number that it is sent searches for all queries so often and answers the CPU seconds of one.
import { cpuSeconds } from './contender.ts'
import { hnswlibNode, truthOf } from './contenders.ts'
import { firstStep } from './ladder.ts'
import type { RawPeerReady } from './raw-peer.ts'
import { recallLeast, setNamed } from './sets.ts'

const data = await setNamed(process.argv[2] ?? '')
if (data === undefined) throw new Error('the set is not installed')
const contender = await hnswlibNode(data, { isKept: true })
const truth = truthOf(data)
const { ef, recall } = firstStep(contender, truth, recallLeast)
const { queryCount } = data
process.on('message', (times: number) => {
  const from = cpuSeconds()
  for (let time = 0; time < times; time++) {
    for (let query = 0; query < queryCount; query++) contender.search(query)
  }
  process.send?.((cpuSeconds() - from) / (times * queryCount))
})
process.send?.({ truth, ef, recall } satisfies RawPeerReady)
