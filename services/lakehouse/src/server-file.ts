import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeDurable, writeDurable } from '@hypermesh/object-store'

/** How others on this machine find a running server: `<data>/server.json`. */
export interface ServerFile {
  readonly url: string
  readonly pid: number
  readonly startedAt: string
}

export async function writeServerFile(
  paths: { readonly root: string; readonly temporary: string },
  content: ServerFile,
): Promise<void> {
  await writeDurable(join(paths.root, 'server.json'), `${JSON.stringify(content)}\n`, {
    mode: 'replace',
    temporary: paths.temporary,
    what: 'the server file',
  })
}

/** Removes it unless another process has written its own over it. */
export async function removeServerFile(root: string, content: ServerFile): Promise<void> {
  const path = join(root, 'server.json')
  const found = await readFile(path, 'utf8').catch(() => '')
  if (found.trim() === JSON.stringify(content)) await removeDurable(path, 'the server file')
}
