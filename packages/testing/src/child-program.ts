import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface ChildEnd {
  /** By SIGKILL, as it does to itself at a fault point. */
  readonly killed: boolean
  readonly printed: string
}

/** Runs a script of the tests to its end, or to its kill; throws what it says when it fails. */
export async function runChild(script: URL, args: readonly (string | number)[]): Promise<ChildEnd> {
  const program = await childProgram(script)
  return await new Promise((fulfil, reject) => {
    execFile(process.execPath, [program, ...args.map(String)], (error, printed, stderr) => {
      const killed = error?.signal === 'SIGKILL'
      if (error !== null && !killed) reject(new Error(`the child failed: ${stderr}`))
      else fulfil({ killed, printed })
    })
  })
}

/**
 * A script with the sources that it imports as one file of plain JavaScript, made once in a process and
 * gone with it. Loading some hundred sources one by one takes a child seconds, and there are hundreds.
 */
export function childProgram(script: URL): Promise<string> {
  const known = programs.get(script.href) ?? bundle(fileURLToPath(script))
  programs.set(script.href, known)
  return known
}

const programs = new Map<string, Promise<string>>()
let directory: string | undefined

/** Inside of the repository, from where packages of others are found. */
function programDirectory(): string {
  if (directory !== undefined) return directory
  const parent = resolve(import.meta.dirname, '../../../node_modules/.cache')
  mkdirSync(parent, { recursive: true })
  const made = mkdtempSync(join(parent, 'hypermesh-programs-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  directory = made
  return made
}

/** What is used of esbuild. */
interface Compiler {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
}

interface Hooks {
  onResolve(
    options: { readonly filter: RegExp },
    resolved: (of: { readonly path: string }) => object | undefined,
  ): void
  onLoad(
    options: { readonly filter: RegExp },
    loaded: (of: { readonly path: string }) => Promise<object>,
  ): void
}

async function bundle(script: string): Promise<string> {
  // The compiler of tsx, so that sources mean the same as where that loads them one by one.
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json')
  const compiler: Compiler = createRequire(tsx)('esbuild')
  // A directory each: scripts of two packages may have one name.
  const made = mkdtempSync(join(programDirectory(), 'program-'))
  const outfile = join(made, `${basename(script, '.ts')}.mjs`)
  await compiler.build({
    ...{ entryPoints: [script], outfile, bundle: true, platform: 'node', format: 'esm' },
    ...{ target: 'node20', conditions: ['hypermesh:source'], logLevel: 'error' },
    plugins: [{ name: 'sources', setup: asSources }],
  })
  return outfile
}

/** Ours are bundled, and know where they lie; what others wrote is loaded as it is. */
function asSources({ onResolve, onLoad }: Hooks): void {
  onResolve({ filter: /^[^./]/ }, ({ path }) =>
    path.startsWith('@hypermesh/') ? undefined : { path, external: true },
  )
  onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    const text = await readFile(path, 'utf8')
    const place = JSON.stringify(pathToFileURL(path).href)
    return { loader: 'ts', contents: text.replaceAll('import.meta.url', place) }
  })
}
