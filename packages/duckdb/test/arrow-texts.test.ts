import * as arrow from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LoadBench } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const mib = 1024 ** 2

/** Rows that all name the one text of a dictionary. */
function repeated(rows: number, text: string): Buffer {
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 1)
  const data = arrow.makeData({
    type,
    length: rows,
    data: new Int32Array(rows),
    dictionary: arrow.vectorFromArray([text], new arrow.Utf8()),
  } as never)
  const table = new arrow.Table({ word: new arrow.Vector([data as arrow.Data]) } as never)
  return Buffer.from(arrow.tableToIPC(table, 'stream'))
}

test('texts of a dictionary are bounded by what they take in the rows', async () => {
  const bytes = repeated(5000, 'x'.repeat(20_000))
  expect(bytes.length).toBeLessThan(mib)
  const chunk = await bench.infer('x.arrow', bytes, { arrowBatchBytesMax: 8 * mib })
  await expect(bench.copy(chunk)).rejects.toMatchObject({
    code: 'too_large',
    details: { limit: 'arrow_batch_bytes_max', bytesMax: 8 * mib },
  })
  const all = await bench.infer('x.arrow', bytes, { unpackedBytesMax: 64 * mib })
  await expect(bench.copy(all)).rejects.toMatchObject({
    code: 'too_large',
    details: { limit: 'unpacked_bytes_max', bytesMax: 64 * mib },
  })
  const allowed = await bench.infer('x.arrow', bytes, { unpackedBytesMax: 128 * mib })
  expect(await bench.copy(allowed)).toMatchObject([{ rows: 5000 }])
})
