import { randomUUID } from 'node:crypto'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UsageError } from './failure.ts'

/** A file that is there once it is whole: until then it stands beside its name, and goes if that fails. */
export class NewFile implements AsyncDisposable {
  readonly #path: string
  readonly #draft: string
  readonly #handle: FileHandle

  private constructor(path: string, draft: string, handle: FileHandle) {
    this.#path = path
    this.#draft = draft
    this.#handle = handle
  }

  /** Throws `UsageError` where there is one already, or none can be. */
  static async create(path: string): Promise<NewFile> {
    if (await isThere(path)) throw taken(path)
    const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
    const handle = await open(draft, 'wx').catch((error: Error) => {
      throw new UsageError(`${path}: ${error.message}`)
    })
    return new NewFile(path, draft, handle)
  }

  /** Writes all of it, and shows it; returns its bytes. */
  async write(body: AsyncIterable<Uint8Array>): Promise<number> {
    let bytes = 0
    for await (const chunk of body) {
      await this.#handle.writeFile(chunk)
      bytes += chunk.length
    }
    await this.#handle.sync()
    await this.#show()
    return bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
    await rm(this.#draft, { force: true })
  }

  /** Never over a file that came meanwhile, where the file system has links. */
  async #show(): Promise<void> {
    try {
      await link(this.#draft, this.#path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(this.#path)
      if (await isThere(this.#path)) throw taken(this.#path)
      await rename(this.#draft, this.#path)
    }
  }
}

function taken(path: string): UsageError {
  return new UsageError(`${path} is there already`)
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
