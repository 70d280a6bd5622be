/** Maps with at most `most` calls open at once; results keep the order of the items. After a failure no further call is made. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  most: number,
  call: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length)
  let next = 0
  const work = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      // The index was below the length just now.
      results[index] = await call(items[index] as Item, index).catch((error: unknown) => {
        next = items.length
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work))
  return results
}
