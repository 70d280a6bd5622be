import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { LoadRequest } from '@hypermesh/client'
import { HyperMeshError } from '@hypermesh/contract'
import type { Connection } from './connection.ts'
import { ProgressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

const chunkBytes = 1024 * 1024
const standardInput = '-'

export interface FileSource {
  readonly name: string
  /** Undefined for standard input. */
  readonly path: string | undefined
  readonly bytes: number | undefined
}

/** Looks at the file before anything is sent; `-` is standard input. */
export async function openFileSource(file: string): Promise<FileSource> {
  if (file === standardInput) return { name: 'standard input', path: undefined, bytes: undefined }
  try {
    const found = await stat(file)
    if (found.isDirectory()) throw new HyperMeshError('invalid', `${file} is a directory`)
    // A pipe or a device has no size, and only this process can read it.
    const bytes = found.isFile() ? found.size : undefined
    return { name: basename(file), path: await realpath(file), bytes }
  } catch (cause) {
    if (cause instanceof HyperMeshError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new HyperMeshError('not_found', `no file ${file}`)
    throw new HyperMeshError('invalid', `${file} cannot be read: ${message}`)
  }
}

export interface SendOptions<T> {
  readonly terminal: Terminal
  readonly connection: Connection
  readonly source: FileSource
  /** Send the bytes even where the server could read the file itself. */
  readonly upload: boolean
  readonly send: (request: LoadRequest) => Promise<T>
}

/** Lets the server read the file where it lies if it may, else sends it with a progress bar. */
export async function sendFile<T>(options: SendOptions<T>): Promise<T> {
  const { terminal, connection, source } = options
  const bar = new ProgressBar(terminal, source.name, { bytesTotal: source.bytes })
  try {
    if (
      !options.upload &&
      connection.isLocal &&
      source.path !== undefined &&
      source.bytes !== undefined
    ) {
      bar.showLoading()
      const inPlace = await sendInPlace(options.send, source.path)
      if (inPlace !== undefined) return inPlace.reply
      bar.clear()
    }
    const bytes: AsyncIterable<Uint8Array> =
      source.path === undefined
        ? terminal.stdin
        : createReadStream(source.path, { highWaterMark: chunkBytes })
    const name = source.path === undefined ? {} : { name: source.name }
    return await options.send({ body: bar.count(bytes), ...name })
  } finally {
    bar.clear()
  }
}

/** Undefined when the server may not read there: the file is sent instead. */
async function sendInPlace<T>(
  send: (request: LoadRequest) => Promise<T>,
  path: string,
): Promise<{ reply: T } | undefined> {
  try {
    return { reply: await send({ source: path }) }
  } catch (error) {
    if (error instanceof HyperMeshError && error.code === 'forbidden') return undefined
    throw error
  }
}
