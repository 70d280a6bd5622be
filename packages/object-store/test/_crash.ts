import { onFaultPoint } from '../src/fault-points.ts'
import { openStore, scenarios } from './_steps.ts'

// Run by crash.test.ts: ends itself, as a power cut would, at the n-th fault point.
const [root = '', name = '', fatal = '0'] = process.argv.slice(2)
const die = (point: number) => {
  if (point === Number(fatal)) process.kill(process.pid, 'SIGKILL')
}
if (name === 'open') {
  onFaultPoint(die)
  await openStore(root)
} else {
  const { store, data } = await openStore(root)
  onFaultPoint(die)
  await scenarios[name]?.step(store, data)
}
// No disposal: a process that is ended after its work leaves its directory too.
process.exit(0)
