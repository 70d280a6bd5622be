type FaultHook = (point: number, name: string) => void

let hook: FaultHook | undefined
let pointsPassed = 0

/**
 * Calls the hook at every fault point from here on, numbered from 1; undefined stops it. A test that
 * throws from the hook sees a failed step, one that ends the process sees a crash there.
 */
export function onFaultPoint(next: FaultHook | undefined): void {
  hook = next
  pointsPassed = 0
}

/** Marks a place where a process may die or a device may fail. Free when no hook is set. */
export function faultPoint(name: string): void {
  if (hook === undefined) return
  pointsPassed += 1
  hook(pointsPassed, name)
}
