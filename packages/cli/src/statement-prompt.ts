import { createInterface, type Interface } from 'node:readline'
import { HyperMeshError } from '@hypermesh/contract'
import { reportFailure } from './failure.ts'
import type { PromptHistory } from './prompt-history.ts'
import { type Dialect, splitStatements } from './statement-splitter.ts'
import type { Terminal } from './terminal.ts'

const firstPrompt = 'hypermesh> '
const nextPrompt = '      ...> '

/** What a prompt runs: statements of a language, and commands that begin with a dot. */
export interface PromptLanguage {
  readonly dialect: Dialect
  readonly commands: readonly string[]
  run(statement: string, signal: AbortSignal): Promise<void>
  /** False when the prompt shall end. */
  runCommand(text: string, signal: AbortSignal): Promise<boolean>
  /** Names that Tab completes, beside the commands. */
  names(): Promise<readonly string[]>
}

export interface StatementPromptOptions {
  readonly terminal: Terminal
  readonly language: PromptLanguage
  readonly history: PromptHistory
}

/** The interactive prompt: a statement runs at its semicolon, Ctrl-C cancels it and not the shell. */
export class StatementPrompt {
  readonly #options: StatementPromptOptions
  readonly #lines: string[] = []
  readonly #readline: Interface
  #pending = ''
  #running: AbortController | undefined
  #wake: () => void = () => undefined
  #closed = false
  /** Words that Tab completes. */
  #words: readonly string[]

  constructor(options: StatementPromptOptions) {
    this.#options = options
    this.#words = options.language.commands
    this.#readline = createInterface({
      input: options.terminal.stdin,
      output: options.terminal.stdout,
      terminal: true,
      prompt: firstPrompt,
      history: [...options.history.entries],
      historySize: 1000,
      completer: (line: string) => this.#complete(line),
    })
  }

  /** Reads and runs until the end of input or `.quit`. */
  async run(): Promise<void> {
    const readline = this.#readline
    readline.on('line', (line) => {
      this.#lines.push(line)
      this.#wake()
    })
    readline.on('SIGINT', () => this.#interrupt())
    readline.on('close', () => {
      this.#closed = true
      this.#running?.abort()
      this.#wake()
    })
    // Only whole statements stay in the history, not the lines they were typed in.
    readline.on('history', (entries: string[]) => {
      entries.splice(0, entries.length, ...this.#options.history.entries)
      this.#shown = entries
    })
    await this.#learnNames()
    this.#showPrompt()
    for (;;) {
      const line = await this.#nextLine()
      if (line === undefined) break
      await this.#take(line)
      if (this.#closed) break
      if (this.#lines.length === 0) this.#showPrompt()
    }
    readline.close()
    this.#options.terminal.print()
  }

  #shown: string[] | undefined

  async #nextLine(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      if (this.#closed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#lines.shift()
  }

  async #take(line: string): Promise<void> {
    const text = line.trim()
    if (this.#pending === '' && text.startsWith('.')) {
      await this.#remember(text)
      await this.#runSafely((signal) => this.#command(text, signal))
      return
    }
    const { statements, rest } = splitStatements(
      `${this.#pending}${line}\n`,
      this.#options.language.dialect,
    )
    this.#pending = rest.trim() === '' ? '' : rest
    for (const statement of statements) {
      await this.#remember(`${statement};`)
      const done = await this.#runSafely((signal) => this.#options.language.run(statement, signal))
      if (!done) break
    }
    if (statements.length > 0) await this.#learnNames()
  }

  async #command(text: string, signal: AbortSignal): Promise<void> {
    const goesOn = await this.#options.language.runCommand(text, signal)
    if (!goesOn) this.#readline.close()
  }

  /** Runs, cancellable by Ctrl-C; false when it failed, which is told. */
  async #runSafely(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const controller = new AbortController()
    this.#running = controller
    try {
      await work(controller.signal)
      return true
    } catch (error) {
      const cancelled = error instanceof HyperMeshError && error.code === 'cancelled'
      if (cancelled) this.#options.terminal.note('cancelled')
      else reportFailure(this.#options.terminal, error, false)
      return false
    } finally {
      this.#running = undefined
    }
  }

  #interrupt(): void {
    if (this.#running) {
      this.#running.abort()
      return
    }
    const { terminal } = this.#options
    const isEmpty = this.#pending === '' && this.#readline.line === ''
    this.#pending = ''
    this.#readline.write(null, { ctrl: true, name: 'e' })
    this.#readline.write(null, { ctrl: true, name: 'u' })
    terminal.stdout.write('^C\n')
    if (isEmpty) terminal.print(terminal.style('dim', 'leave with .quit or Ctrl-D'))
    this.#showPrompt()
  }

  #showPrompt(): void {
    this.#readline.setPrompt(this.#pending === '' ? firstPrompt : nextPrompt)
    this.#readline.prompt()
  }

  async #remember(statement: string): Promise<void> {
    await this.#options.history.add(statement)
    this.#shown?.splice(0, this.#shown.length, ...this.#options.history.entries)
  }

  async #learnNames(): Promise<void> {
    try {
      const { language } = this.#options
      this.#words = [...language.commands, ...(await language.names())]
    } catch {
      // Completion is a comfort; what matters will be told by the statement itself.
    }
  }

  #complete(line: string): [string[], string] {
    const word = /[.\w]+$/.exec(line)?.[0] ?? ''
    const hits = word === '' ? [] : this.#words.filter((each) => each.startsWith(word))
    return [hits, word]
  }
}
