// Adds and searches where the system gives few threads or none, then where it gives them again.
import { rmSync, writeFileSync } from 'node:fs'
import { argv, env, stdout } from 'node:process'
import { HnswIndex, setThreads } from '../src/index.ts'

const { NO_THREADS } = env
setThreads(8)
const index = HnswIndex.create({ dimension: 16, metric: 'l2', storage: 'f32' })
const vectors = Float32Array.from({ length: 16 * 2000 }, (_, at) => Math.sin(at * at))
const outcomes = []
const attempt = async (work) => outcomes.push(await work().then(String, ({ code }) => code))
const add = () => index.add(vectors, { threads: 8 })
const search = async () => (await index.search(vectors, { k: 3, threads: 8 })).strategy

writeFileSync(NO_THREADS, '.'.repeat(Number(argv[2])))
await attempt(add)
await attempt(add)
await attempt(search)
rmSync(NO_THREADS)
await attempt(add)
await attempt(search)
index.close()
stdout.write(`${outcomes.join(' ')}\n`)
