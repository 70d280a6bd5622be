import { HyperMeshError, type IngestReceipt } from '@hypermesh/contract'
import type { Metrics } from '@hypermesh/kit'

export interface CountedLoad {
  readonly receipt: IngestReceipt
  /** The receipt is that of an earlier request, which was counted then. */
  readonly isReplay: boolean
}

/** What the loads of one platform add up to. */
export class LoadFigures {
  readonly #rows
  readonly #bytes
  readonly #loads

  constructor(metrics: Metrics) {
    this.#rows = metrics.counter({
      name: 'hypermesh_ingest_rows_total',
      help: 'Rows that loads have committed.',
    })
    this.#bytes = metrics.counter({
      name: 'hypermesh_ingest_bytes_total',
      help: 'Bytes of the files whose loads were committed.',
    })
    this.#loads = metrics.counter({
      name: 'hypermesh_ingest_loads_total',
      help: 'Loads by result: committed, already-loaded, replayed, failed.',
      labelNames: ['result'],
    })
  }

  /** The files of one load, which are committed or fail together. */
  async countTogether(
    load: () => Promise<readonly IngestReceipt[]>,
  ): Promise<readonly IngestReceipt[]> {
    const receipts: IngestReceipt[] = []
    await this.count(async () => {
      receipts.push(...(await load()))
      const [first] = receipts
      if (first === undefined) throw new HyperMeshError('internal', 'a load gave no receipt')
      const sum = (of: (receipt: IngestReceipt) => number) =>
        receipts.reduce((total, receipt) => total + of(receipt), 0)
      const rows = sum((receipt) => receipt.rows)
      const bytesIn = sum((receipt) => receipt.bytesIn)
      return { receipt: { ...first, rows, bytesIn }, isReplay: false }
    })
    return receipts
  }

  async count(load: () => Promise<CountedLoad>): Promise<IngestReceipt> {
    try {
      const { receipt, isReplay } = await load()
      this.#loads.inc({ result: isReplay ? 'replayed' : receipt.result })
      if (!isReplay && receipt.result === 'committed') {
        this.#rows.inc(receipt.rows)
        this.#bytes.inc(receipt.bytesIn)
      }
      return receipt
    } catch (error) {
      this.#loads.inc({ result: 'failed' })
      throw error
    }
  }
}
