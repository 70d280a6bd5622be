import { availableParallelism } from 'node:os'

// A process that has some cores only sees no others, so the first that asks tells those that it starts.
process.env.BENCH_CORES ??= String(availableParallelism())
const lastCore = Number(process.env.BENCH_CORES) - 1

/** Where what is measured runs: the last core, as the first has the machine's interrupts. */
export const measuredCore = String(lastCore)
/** Where those run who ask. */
export const askingCores = lastCore === 0 ? '0' : `0-${lastCore - 1}`

/** The command that runs a program on some cores; on systems without taskset, on any. */
export function onCores(
  cores: string,
  program: readonly [string, ...string[]],
): [string, ...string[]] {
  return process.platform === 'linux' ? ['taskset', '-c', cores, ...program] : [...program]
}
