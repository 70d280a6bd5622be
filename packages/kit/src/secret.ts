import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { z } from 'zod'

const hidden = '***'

/** A value that prints as `***` wherever it ends up; `reveal` is the only way to it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [inspect.custom](): string {
    return hidden
  }
}

/** A setting that is secret: the text itself, or `file:/path` to read it from. */
export const secret = z.string().transform((text, context): Secret => {
  if (!text.startsWith('file:')) return new Secret(text)
  try {
    return new Secret(readFileSync(text.slice('file:'.length), 'utf8').trim())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    context.addIssue({ code: 'custom', message: `the secret cannot be read: ${reason}` })
    return z.NEVER
  }
})
