import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface ServerFile {
  readonly url: string
  readonly pid: number
}

/** What a running server wrote into its data directory; undefined when none runs there. */
export async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  let found: Partial<ServerFile> | null
  try {
    found = JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8'))
  } catch {
    return undefined
  }
  const { url, pid } = found ?? {}
  if (typeof url !== 'string' || !isHttp(url)) return undefined
  // Zero and below would ask for groups of processes.
  if (typeof pid !== 'number' || pid < 1) return undefined
  return isAlive(pid) ? { url, pid } : undefined
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** A server that was killed leaves its file behind. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
