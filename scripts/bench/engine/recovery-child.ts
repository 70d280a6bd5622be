// Run by recovery.ts in a process of its own, which it kills.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contenders } from './contenders.ts'
import { synthetic } from './synthetic.ts'

const base = 200_000
const written = 20_000
const batch = 100
const [action, name = '', directory = ''] = process.argv.slice(2)
const open = contenders[name]
if (open === undefined) throw new Error(`no contender ${name}`)

if (action === 'write') {
  const data = synthetic(base + written, 40_000)
  const contender = await open(directory)
  const loaded = { ...data, edgeCount: base }
  await contender.prepare?.(loaded)
  await contender.load(loaded)
  for (let i = base; i < base + written; i += batch) await contender.commit(data, i, i + batch)
  console.log('written')
} else {
  // The binding is loaded and its first call made before the clock starts.
  const elsewhere = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  await (await open(elsewhere)).close()
  await rm(elsewhere, { recursive: true, force: true })
  const began = performance.now()
  const contender = await open(directory)
  const answer = await contender.answer({ op: 'node', node: 7 })
  console.log(`opened ${performance.now() - began} ${JSON.stringify(answer)}`)
}
setInterval(() => undefined, 1000)
