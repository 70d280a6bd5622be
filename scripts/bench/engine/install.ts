import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const peers = fileURLToPath(new URL('../peers/', import.meta.url))

/** Peers are no dependencies of ours: the first run of the bench installs them, compiling some. */
export function installPeers(): void {
  if (existsSync(new URL('../peers/node_modules/.package-lock.json', import.meta.url))) return
  console.log('installing the peers (npm ci in scripts/bench/peers; some compile) …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: peers,
    stdio: 'inherit',
  })
  if (status !== 0)
    throw new Error('the peers could not be installed: run npm ci in scripts/bench/peers')
}
