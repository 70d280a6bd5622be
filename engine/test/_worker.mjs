import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

// A worker does not take over how the process that starts it loads TypeScript.
register()
await import(workerData.script)
