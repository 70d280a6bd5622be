import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Peers are no dependencies of ours: the first run of a bench installs them, compiling some. */
export function installPeers(folder: URL): void {
  if (existsSync(new URL('node_modules/.package-lock.json', folder))) return
  const path = fileURLToPath(folder)
  console.log(`installing the peers (npm ci in ${path}; some compile) …`)
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: path,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`the peers could not be installed: run npm ci in ${path}`)
}
