#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (existsSync(main)) {
  await import(main.href)
} else {
  process.stderr.write(
    'error: hypermesh is not built\nhint: run "npm run build" in its directory\n',
  )
  process.exitCode = 1
}
