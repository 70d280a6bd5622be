import { cpSync, existsSync, rmSync } from 'node:fs'

/**
 * Copies a directory that others write to, at once as far as this thread goes. Where something that was
 * listed is gone when it is to be copied, the copy is begun anew.
 */
export function copyLiving(
  from: string,
  to: string,
  filter: (path: string) => boolean = () => true,
): void {
  for (;;) {
    try {
      cpSync(from, to, { recursive: true, filter })
      return
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isGone || !existsSync(from)) throw error
      rmSync(to, { recursive: true, force: true })
    }
  }
}
