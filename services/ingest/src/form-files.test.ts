import { expect, test } from 'vitest'
import { readBoundary, readFormFiles } from './form-files.ts'

async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function read(bytes: Buffer, pieceBytes: number, filesMax = 100) {
  const files: (readonly [string | undefined, string | undefined, string])[] = []
  for await (const file of readFormFiles(inPieces(bytes, pieceBytes), 'XX', filesMax)) {
    const pieces: Uint8Array[] = []
    for await (const piece of file.body) pieces.push(piece)
    files.push([file.name, file.mediaType, Buffer.concat(pieces).toString()])
  }
  return files
}

const part = (head: string, body: string) => `--XX\r\n${head}\r\n\r\n${body}\r\n`
const file = (name: string) => `Content-Disposition: form-data; name="file"; filename=${name}`
const form = Buffer.from(
  `preamble\r\n${part(file('"a.csv"'), 'a,b\r\n1,--XX\r\n')}` +
    part(`${file('"q%22 \\"x\\".json"')}\r\nContent-Type: application/json; charset=utf-8`, '') +
    `${part(file("x; filename*=UTF-8''%C3%BC.csv"), '\r\n--X\r\n')}--XX--\r\nepilogue`,
)

test('files of a form are told apart however the bytes arrive', async () => {
  for (const length of [1, 2, 3, 7, 64, form.length]) {
    expect(await read(form, length)).toEqual([
      ['a.csv', undefined, 'a,b\r\n1,--XX\r\n'],
      ['q" "x".json', 'application/json', ''],
      ['ü.csv', undefined, '\r\n--X\r\n'],
    ])
  }
  expect(await read(Buffer.from('--XX--\r\n'), 3)).toEqual([])
})

test('a file that is not read is passed over', async () => {
  const names: (string | undefined)[] = []
  for await (const { name } of readFormFiles(inPieces(form, 5), 'XX', 100)) names.push(name)
  expect(names).toEqual(['a.csv', 'q" "x".json', 'ü.csv'])
})

test('what is no form, or is cut off, or has too many files is refused', async () => {
  for (let length = 12; length < form.indexOf('--XX--') + 6; length += 5) {
    await expect(read(form.subarray(0, length), 50), `${length}`).rejects.toMatchObject({
      code: 'invalid',
    })
  }
  await expect(read(form, 50, 2)).rejects.toMatchObject({ code: 'too_large' })
  const field = Buffer.from(part('Content-Disposition: form-data; name="mode"', 'append'))
  await expect(read(field, 9)).rejects.toThrow('the part "mode" is no file')
  const long = Buffer.from(`--XX\r\nX: ${'x'.repeat(40_000)}`)
  await expect(read(long, 1000)).rejects.toThrow('too long')
  expect(readBoundary('multipart/form-data; boundary="a b"')).toBe('a b')
  for (const type of ['', 'text/csv', 'multipart/form-data', 'multipart/mixed; boundary=x']) {
    expect(() => readBoundary(type)).toThrow('multipart/form-data')
  }
})
