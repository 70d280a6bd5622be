/** A text that is written many times, cut into words; see `ByteSink.put`. */
export class FixedText {
  readonly words: Int32Array
  readonly length: number

  constructor(text: string) {
    const bytes = Buffer.from(text)
    this.length = bytes.length
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4)
    bytes.copy(padded)
    this.words = Int32Array.from({ length: padded.length / 4 }, (_, index) =>
      padded.readInt32LE(index * 4),
    )
  }
}
