import { availableParallelism } from 'node:os'

/** Where what is measured runs: the last core, as the first has the machine's interrupts. */
export const measuredCore = String(availableParallelism() - 1)
/** Where those run who ask. */
export const askingCores = measuredCore === '0' ? '0' : `0-${Number(measuredCore) - 1}`

/** The command that runs a program on some cores; on systems without taskset, on any. */
export function onCores(
  cores: string,
  program: readonly [string, ...string[]],
): [string, ...string[]] {
  return process.platform === 'linux' ? ['taskset', '-c', cores, ...program] : [...program]
}
