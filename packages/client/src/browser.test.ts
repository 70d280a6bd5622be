import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const imports =
  /\b(?:import|export)\b(?!\s+type\b)[^'";]*?\bfrom\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g
/** What browsers do not have, as a word of its own in code. */
const nodeOnly = /(?<![.\w])(?:(?:process|Buffer|global)\.|(?:require|setImmediate)\(|__dirname)/
const notCode = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'[^'\n]*'/gm

/** Every file of ours that is loaded with the client, and the names of all others. */
function reach(entry: string) {
  const files = new Set<string>()
  const bare = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    for (const [, from, alone] of readFileSync(file, 'utf8').matchAll(imports)) {
      const name = from ?? alone ?? ''
      if (name.startsWith('.')) visit(join(dirname(file), name))
      else bare.add(name)
    }
  }
  visit(entry)
  return { files: [...files], bare: [...bare] }
}

const sources = {
  client: fileURLToPath(new URL('./index.ts', import.meta.url)),
  contract: fileURLToPath(new URL('../../contract/src/index.ts', import.meta.url)),
}

test('the client depends on the contract alone, and the contract on zod', () => {
  expect(reach(sources.client).bare).toEqual(['@hypermesh/contract'])
  expect(reach(sources.contract).bare).toEqual(['zod'])
})

test('nothing that is loaded with the client needs Node', () => {
  const files = Object.values(sources).flatMap((entry) => reach(entry).files)
  // The walk has seen more than the entries.
  expect(files.length).toBeGreaterThan(40)
  for (const file of files) {
    const code = readFileSync(file, 'utf8').replace(notCode, '')
    expect([file, nodeOnly.exec(code)?.[0]]).toEqual([file, undefined])
  }
})

test('nor does zod', () => {
  const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
  const entry = join(modules, 'zod', 'index.js')
  expect(reach(entry).bare).toEqual([])
})
