/** Entries by namespace and name, both without regard to case. */
export class EntryTree<Entry extends { readonly namespace: string }> {
  readonly #nameOf: (entry: Entry) => string
  readonly #namespaces = new Map<string, Map<string, Entry>>()

  constructor(nameOf: (entry: Entry) => string) {
    this.#nameOf = nameOf
  }

  get count(): number {
    let count = 0
    for (const entries of this.#namespaces.values()) count += entries.size
    return count
  }

  find(namespace: string, name: string): Entry | undefined {
    return this.#namespaces.get(namespace.toLowerCase())?.get(name.toLowerCase())
  }

  /** Those of a namespace in the order of their folded names, which is the order of pages. */
  of(namespace: string): Entry[] {
    const entries = [...(this.#namespaces.get(namespace.toLowerCase()) ?? [])]
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
  }

  all(): Entry[] {
    return [...this.#namespaces.values()].flatMap((entries) => [...entries.values()])
  }

  put(entry: Entry): void {
    const namespace = entry.namespace.toLowerCase()
    const entries = this.#namespaces.get(namespace) ?? new Map<string, Entry>()
    entries.set(this.#nameOf(entry).toLowerCase(), entry)
    this.#namespaces.set(namespace, entries)
  }

  remove(namespace: string, name: string): void {
    const entries = this.#namespaces.get(namespace.toLowerCase())
    entries?.delete(name.toLowerCase())
    if (entries?.size === 0) this.#namespaces.delete(namespace.toLowerCase())
  }
}
