#!/usr/bin/env node
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const main = join(__dirname, '../dist/main.js')
if (existsSync(main)) {
  void import(pathToFileURL(main).href)
} else {
  process.stderr.write('error: hypergraph is not built\nhint: run "npm run build" first\n')
  process.exitCode = 1
}
