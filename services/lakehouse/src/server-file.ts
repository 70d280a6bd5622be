import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeDurable, writeDurable } from '@hypermesh/object-store'

/** How others on this machine find a running server: `<data>/server.json`. */
export interface ServerFile {
  readonly url: string
  readonly pid: number
  readonly startedAt: string
}

interface Places {
  readonly root: string
  readonly temporary: string
}

/** Returns what it replaced: the address of another server on the directory, if it still runs. */
export async function writeServerFile(
  paths: Places,
  content: ServerFile,
): Promise<string | undefined> {
  const replaced = await readText(paths.root)
  await writeText(paths, JSON.stringify(content))
  return replaced
}

/** Gives it back to the server that had it before, unless another has written its own over it. */
export async function removeServerFile(
  paths: Places,
  content: ServerFile,
  replaced: string | undefined,
): Promise<void> {
  if ((await readText(paths.root)) !== JSON.stringify(content)) return
  if (replaced !== undefined && (await answers(replaced))) await writeText(paths, replaced)
  else await removeDurable(pathOf(paths.root), 'the server file')
}

const pathOf = (root: string) => join(root, 'server.json')

async function readText(root: string): Promise<string | undefined> {
  const text = await readFile(pathOf(root), 'utf8').catch(() => undefined)
  return text?.trim()
}

async function writeText({ root, temporary }: Places, text: string): Promise<void> {
  await writeDurable(pathOf(root), `${text}\n`, {
    mode: 'replace',
    temporary,
    what: 'the server file',
  })
}

const probeMs = 500

async function answers(text: string): Promise<boolean> {
  try {
    const { url }: ServerFile = JSON.parse(text)
    const signal = AbortSignal.timeout(probeMs)
    return (await fetch(new URL('/healthz', url), { signal })).ok
  } catch {
    return false
  }
}
