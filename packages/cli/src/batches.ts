const batchBytesMax = 4 * 1024 * 1024

/** What is sent in one request: at most so many, and some megabytes of JSON. */
export async function* batchesOf<Item>(
  items: AsyncIterable<Item>,
  countMax: number,
): AsyncGenerator<Item[], void, void> {
  let batch: Item[] = []
  let bytes = 0
  for await (const item of items) {
    const itemBytes = JSON.stringify(item).length
    if (batch.length >= countMax || (batch.length > 0 && bytes + itemBytes > batchBytesMax)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += itemBytes
  }
  if (batch.length > 0) yield batch
}
