import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { program, Server } from './_server.ts'

/** A person at a terminal: `script` of bsdutils gives the program one. */
class Person {
  readonly #child
  #seen = ''
  #wake: () => void = () => undefined
  readonly left: Promise<number | null>

  constructor(command: string, env: Record<string, string>) {
    this.#child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', ...env },
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += stripVTControlCharacters(text)
      this.#wake()
    })
    this.left = new Promise((resolve) => this.#child.once('close', resolve))
  }

  types(text: string): void {
    this.#child.stdin.write(text)
  }

  /** Waits until the screen shows it, and returns what came up to there. */
  async sees(text: string): Promise<string> {
    for (;;) {
      const at = this.#seen.indexOf(text)
      if (at !== -1) {
        const before = this.#seen.slice(0, at + text.length)
        this.#seen = this.#seen.slice(at + text.length)
        return before
      }
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        this.left.then(() => {
          if (!this.#seen.includes(text)) throw new Error(`never seen: ${text}\n${this.#seen}`)
        }),
      ])
    }
  }
}

test('a person types statements over lines, looks around, cancels, and finds them again', async () => {
  await using server = await Server.start()
  await server.load('main.cars', 'name,hp\nmini,50\n')
  const state = await mkdtemp(join(tmpdir(), 'hypermesh-prompt-'))
  const command = `"${process.execPath}" "${program}" --data "${server.dataDir}" sql`
  const person = new Person(command, { XDG_STATE_HOME: state })

  await person.sees('hypermesh> ')
  person.types('SELECT name,\n')
  await person.sees('...> ')
  person.types('  hp * 2 AS "double; of hp" FROM main.cars;\n')
  expect(await person.sees('1 row')).toContain('│ mini    │           100 │')

  await person.sees('hypermesh> ')
  person.types('.tables\n')
  await person.sees('main.cars')
  person.types('.schema cars\n')
  expect(await person.sees('hp ')).toContain('string')
  person.types('SELECT nothing FROM main.cars;\n')
  await person.sees('error:')
  await person.sees('hypermesh> ')

  person.types(
    'WITH RECURSIVE t(n) AS (SELECT 1::BIGINT UNION ALL SELECT n + 1 FROM t WHERE n < 1e12)\n',
  )
  await person.sees('...> ')
  person.types('SELECT max(n) FROM t;\n')
  // Ctrl-C until it is felt: the first may come before the statement has begun.
  const pressing = setInterval(() => person.types('\u0003'), 100)
  await person.sees('cancelled')
  clearInterval(pressing)
  person.types('SELECT 6 * 7 AS answer;\n')
  expect(await person.sees('1 row')).toContain('42')

  person.types('.quit\n')
  expect(await person.left).toBe(0)
  const history = join(state, 'hypermesh', 'sql_history')
  expect((await stat(history)).mode & 0o777).toBe(0o600)
  expect(await readFile(history, 'utf8')).toContain(
    'SELECT name, hp * 2 AS "double; of hp" FROM main.cars;',
  )

  const again = new Person(command, { XDG_STATE_HOME: state })
  await again.sees('hypermesh> ')
  again.types('\u001b[A\u001b[A')
  await again.sees('SELECT 6 * 7 AS answer;')
  again.types('\n')
  await again.sees('42')
  again.types('\u0004')
  expect(await again.left).toBe(0)
  await rm(state, { recursive: true })
})

test('the shell of the graph language runs statements and keeps what was typed', async () => {
  await using server = await Server.start()
  for (const args of [
    ['create', 'social'],
    ['tables', 'create', 'social.calls'],
  ]) {
    expect((await server.command(['graph', ...args])).code).toBe(0)
  }
  const state = await mkdtemp(join(tmpdir(), 'hypermesh-state-'))
  const command = `${process.execPath} ${program} --data ${server.dataDir} graph shell social`
  const person = new Person(command, { XDG_STATE_HOME: state })
  await person.sees('hypermesh> ')
  person.types('.tables\n')
  await person.sees('calls')
  person.types('INSERT INTO calls\n')
  await person.sees('...> ')
  person.types('oops;\n')
  await person.sees('error:')
  person.types('MATCH HYPEREDGE (c:calls) RETURN count(*) AS calls;\n')
  await person.sees('1 row')
  person.types('.quit\n')
  expect(await person.left).toBe(0)
  const history = join(state, 'hypermesh', 'graph_history')
  expect((await stat(history)).mode & 0o777).toBe(0o600)
  expect(await readFile(history, 'utf8')).toContain('RETURN count(*) AS calls;')
  await rm(state, { recursive: true })
})
