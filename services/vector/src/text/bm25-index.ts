import { EventLoopTurns } from './event-loop-turns.ts'
import { type PostingList, PostingLists } from './posting-lists.ts'
import { ScoreBoard } from './score-board.ts'
import { expandTerm, type TermExpansion } from './term-expansion.ts'
import { TextLengths } from './text-lengths.ts'
import { tokenize } from './tokenizer.ts'
import { type Hit, TopHits } from './top-hits.ts'

/** How soon more occurrences of a word stop counting, and how far a long text is discounted. */
const saturation = 1.2
const discount = 0.75
/** What an occurrence counts at least, however long its text is (the plus in BM25+). */
const floor = 0.5

/** Entries of posting lists between two turns of the event loop. */
const entriesPerTurn = 500_000
/** Of the map's entry, the list and the string, beside its letters. */
const termBytes = 160

export interface Bm25Query {
  readonly text: string
  /** The best so many. */
  readonly limit: number
  /** Absent: all fields. */
  readonly fields?: readonly string[] | undefined
  /** Points with any of the words, or only those with every one. */
  readonly operator?: 'or' | 'and' | undefined
  readonly expansion?: TermExpansion | undefined
  /** Asked before ranking: what it refuses takes no place. */
  readonly allow?: { has(slot: number): boolean } | undefined
  /** Order among equal scores. */
  readonly compareSlots?: ((a: number, b: number) => number) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The texts of a point by field; several count as one. */
export type FieldTexts = Readonly<Record<string, readonly string[] | undefined>>

interface Field {
  readonly name: string
  /** Its place among the fields. */
  readonly position: number
  readonly terms: Map<string, PostingList>
}

/**
 * BM25+ over the text fields of points, which it knows by their slots. Held in memory alone: whoever
 * reads the points of an index adds their texts. A slot has one text for good; those of removed ones
 * are out of every answer and score at once, and take their place until a compaction gives other slots.
 */
export class Bm25Index {
  readonly fields: readonly string[]
  readonly #fields: readonly Field[]
  readonly #lists = new PostingLists()
  readonly #lengths: TextLengths
  readonly #boards: ScoreBoard[] = []
  #termBytes = 0

  constructor(fields: readonly string[]) {
    this.fields = fields
    this.#fields = fields.map((name, position) => ({ name, position, terms: new Map() }))
    this.#lengths = new TextLengths(fields.length)
  }

  /** Points that have a word in any field. */
  get count(): number {
    return this.#lengths.count
  }

  get termCount(): number {
    return this.#fields.reduce((sum, { terms }) => sum + terms.size, 0)
  }

  /** Estimated where it is held in maps. */
  get memoryBytes(): number {
    return this.#lists.memoryBytes + this.#lengths.memoryBytes + this.#termBytes
  }

  /** Requires: the slot never had a text. */
  add(slot: number, texts: FieldTexts): void {
    const words = this.fields.map((name) => (texts[name] ?? []).flatMap(tokenize))
    if (words.every(({ length }) => length === 0)) return
    this.#lengths.add(
      slot,
      words.map(({ length }) => length),
    )
    for (const field of this.#fields) {
      for (const [term, frequency] of frequenciesOf(words[field.position] ?? [])) {
        this.#lists.append(this.#listOf(field, term), slot, frequency)
      }
    }
  }

  remove(slot: number): boolean {
    return this.#lengths.remove(slot)
  }

  async search(query: Bm25Query): Promise<Hit[]> {
    query.signal?.throwIfAborted()
    const board = this.#borrowBoard()
    try {
      const turns = new EventLoopTurns(entriesPerTurn)
      const words = [...new Set(tokenize(query.text))].slice(0, 0xffff)
      const wanted = this.#fields.filter(({ name }) => query.fields?.includes(name) ?? true)
      const { expansion = {}, signal } = query
      for (const [index, word] of words.entries()) {
        for (const field of wanted) {
          const terms = await expandTerm(field.terms, word, expansion, { turns, signal })
          for (const [term, weight] of terms) {
            const list = field.terms.get(term)
            if (list === undefined) continue
            this.#score(list, field, { board, weight, word: index + 1, allow: query.allow })
            if (turns.isOver(list.count)) await turns.next(signal)
          }
        }
      }
      return this.#best(board, query, query.operator === 'and' ? words.length : 1)
    } finally {
      this.#returnBoard(board)
    }
  }

  #score(
    list: PostingList,
    field: Field,
    on: {
      readonly board: ScoreBoard
      readonly weight: number
      readonly word: number
      readonly allow: Bm25Query['allow']
    },
  ): void {
    const { board, word, allow } = on
    const lengths = this.#lengths
    const { count, lengthMean } = lengths.statisticsOf(field.position)
    const holders = this.#holdersOf(list)
    const rarity = on.weight * Math.log(1 + (count - holders + 0.5) / (holders + 0.5))
    this.#lists.forEach(list, (slot, frequency) => {
      // One that came since the search began has no place on its board.
      if (slot >= board.capacity || !lengths.has(slot) || allow?.has(slot) === false) return
      const length = lengths.lengthOf(slot, field.position) / lengthMean
      const share =
        (frequency * (saturation + 1)) /
        (frequency + saturation * (1 - discount + discount * length))
      board.add(slot, rarity * (floor + share), word)
    })
  }

  /** The points that have the word and live. */
  #holdersOf(list: PostingList): number {
    if (this.#lengths.removedCount === 0) return list.count
    let count = 0
    this.#lists.forEach(list, (slot) => {
      if (this.#lengths.has(slot)) count += 1
    })
    return count
  }

  #best(board: ScoreBoard, query: Bm25Query, matchesMin: number): Hit[] {
    const top = new TopHits(query.limit, query.compareSlots)
    board.forEach((slot, score, matches) => {
      if (matches >= matchesMin && this.#lengths.has(slot)) top.offer(slot, score)
    })
    return top.toSorted()
  }

  #listOf(field: Field, term: string): PostingList {
    const known = field.terms.get(term)
    if (known !== undefined) return known
    const list = this.#lists.create()
    field.terms.set(term, list)
    this.#termBytes += termBytes + 2 * term.length
    return list
  }

  #borrowBoard(): ScoreBoard {
    const board = this.#boards.pop()
    const { end } = this.#lengths
    return board !== undefined && board.capacity >= end
      ? board
      : new ScoreBoard(Math.ceil(end * 1.25))
  }

  #returnBoard(board: ScoreBoard): void {
    board.clear()
    // One is enough but where searches overlap.
    if (this.#boards.length === 0) this.#boards.push(board)
  }
}

function frequenciesOf(words: readonly string[]): Map<string, number> {
  const frequencies = new Map<string, number>()
  for (const word of words) frequencies.set(word, (frequencies.get(word) ?? 0) + 1)
  return frequencies
}
