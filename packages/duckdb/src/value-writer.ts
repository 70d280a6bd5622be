/** Writes the value at an index, which is not NULL, to where the writer was made for. */
export type ValueWriter = (index: number) => void
