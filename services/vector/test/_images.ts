import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFaultPoint } from '@hypermesh/object-store'
import { copyLiving } from '@hypermesh/testing'

/** What a disk held at one fault point: what a process that was killed there would have left. */
export interface DiskImage {
  readonly point: number
  readonly name: string
  readonly directory: string
  /** What the work had been told by then. */
  readonly known: unknown
}

/**
 * Runs the work once, and copies the directory at each fault point on the way. The kernel keeps what a
 * killed process has written, so each copy is what a `kill -9` there would leave.
 */
export async function imagesDuring(
  directory: string,
  work: () => Promise<void>,
  known: () => unknown,
): Promise<DiskImage[]> {
  const images: DiskImage[] = []
  onFaultPoint((point, name) => {
    const copy = mkdtempSync(join(tmpdir(), 'hypermesh-image-'))
    // Sockets cannot be copied, and what shows who lives must not be: nobody does, in a copy.
    for (const entry of readdirSync(directory)) {
      if (entry === 'tmp') continue
      copyLiving(join(directory, entry), join(copy, entry))
    }
    images.push({ point, name, directory: copy, known: known() })
  })
  try {
    await work()
  } finally {
    onFaultPoint(undefined)
  }
  return images
}

export function dropImage({ directory }: DiskImage): void {
  rmSync(directory, { recursive: true, force: true })
}
