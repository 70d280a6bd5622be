#!/usr/bin/env node
// CommonJS, because libuv reads this setting once, before the first ES module is loaded: a result
// that streams holds one of libuv's threads while DuckDB works, and files must not wait for it.
process.env.UV_THREADPOOL_SIZE ??= '32'

const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const main = join(__dirname, '../dist/main.js')
if (existsSync(main)) {
  void import(pathToFileURL(main).href)
} else {
  process.stderr.write(
    'error: hypermesh is not built\nhint: run "npm run build" in its directory\n',
  )
  process.exitCode = 1
}
