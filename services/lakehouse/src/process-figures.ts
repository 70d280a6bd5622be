import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from '@hypermesh/kit'

/** Figures of the process itself. Dispose what it returns to end the measuring. */
export function measureProcess(metrics: Metrics): Disposable {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  metrics.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory, in bytes.',
    collect: () => process.memoryUsage.rss(),
  })
  metrics.gauge({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of user and system, in seconds.',
    collect: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  })
  metrics.gauge({
    name: 'process_uptime_seconds',
    help: 'Since the process was started, in seconds.',
    collect: () => process.uptime(),
  })
  metrics.gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'JavaScript heap in use, in bytes.',
    collect: () => process.memoryUsage().heapUsed,
  })
  metrics.gauge({
    name: 'nodejs_eventloop_delay_p99_seconds',
    help: 'Delay of the event loop since the last scrape, 99th percentile.',
    collect: () => {
      const seconds = delay.percentile(99) / 1e9
      delay.reset()
      return Number.isFinite(seconds) ? seconds : 0
    },
  })
  return { [Symbol.dispose]: () => delay.disable() }
}
