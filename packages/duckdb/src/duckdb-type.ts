import { HyperMeshError, printable, quoteIdentifier } from '@hypermesh/contract'
import { quoteText } from './sql-text.ts'

export interface DuckDbField {
  readonly name: string
  readonly type: DuckDbType
}

/** A type of DuckDB, taken apart. */
export type DuckDbType =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'struct'; readonly fields: readonly DuckDbField[] }
  | { readonly kind: 'union'; readonly fields: readonly DuckDbField[] }
  | { readonly kind: 'list'; readonly element: DuckDbType }
  | { readonly kind: 'array'; readonly element: DuckDbType; readonly length: number }
  | { readonly kind: 'map'; readonly key: DuckDbType; readonly value: DuckDbType }

/** Every scalar type by its spellings; the first is the one DuckDB prints. */
const spellings: readonly (readonly string[])[] = [
  ['BOOLEAN', 'BOOL', 'LOGICAL'],
  ['TINYINT', 'INT1'],
  ['SMALLINT', 'INT2', 'INT16', 'SHORT'],
  ['INTEGER', 'INT', 'INT4', 'INT32', 'SIGNED'],
  ['BIGINT', 'INT8', 'INT64', 'LONG', 'OID'],
  ['HUGEINT', 'INT128'],
  ['UTINYINT', 'UINT8'],
  ['USMALLINT', 'UINT16'],
  ['UINTEGER', 'UINT32'],
  ['UBIGINT', 'UINT64'],
  ['UHUGEINT', 'UINT128'],
  ['FLOAT', 'REAL', 'FLOAT4'],
  ['DOUBLE', 'FLOAT8', 'DOUBLE PRECISION'],
  ['VARCHAR', 'TEXT', 'STRING', 'CHAR', 'BPCHAR', 'NVARCHAR'],
  ['BLOB', 'BYTEA', 'BINARY', 'VARBINARY'],
  ['BIT', 'BITSTRING'],
  ['UUID', 'GUID'],
  ['JSON'],
  ['DATE'],
  ['TIME', 'TIME WITHOUT TIME ZONE'],
  ['TIME WITH TIME ZONE', 'TIMETZ'],
  ['TIME_NS'],
  ['TIMESTAMP', 'DATETIME', 'TIMESTAMP_US', 'TIMESTAMP WITHOUT TIME ZONE'],
  ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'],
  ['TIMESTAMP_S'],
  ['TIMESTAMP_MS'],
  ['TIMESTAMP_NS'],
  ['INTERVAL'],
  ['BIGNUM', 'VARINT'],
  ['VARIANT'],
  ['GEOMETRY'],
  ['NULL'],
]

const canonical = new Map(
  spellings.flatMap((names) => names.map((name) => [name, names[0] ?? name] as const)),
)

/**
 * Parses a type as DuckDB prints it, or as a user writes it: only what this grammar knows, so that
 * nothing but a type can reach a statement. Throws `invalid`.
 */
export function parseDuckDbType(text: string): DuckDbType {
  const parser = new TypeParser(text)
  const type = parser.type(0)
  parser.end()
  return type
}

/** The type in DuckDB's own words; parsed again it is the same type. */
export function formatDuckDbType(type: DuckDbType): string {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'NULL' ? '"NULL"' : type.name
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'enum':
      return `ENUM(${type.labels.map(quoteText).join(', ')})`
    case 'list':
      return `${formatDuckDbType(type.element)}[]`
    case 'array':
      return `${formatDuckDbType(type.element)}[${type.length}]`
    case 'map':
      return `MAP(${formatDuckDbType(type.key)}, ${formatDuckDbType(type.value)})`
    default:
      return `${type.kind.toUpperCase()}(${type.fields.map(formatField).join(', ')})`
  }
}

function formatField(field: DuckDbField): string {
  return `${quoteIdentifier(field.name)} ${formatDuckDbType(field.type)}`
}

const depthMax = 50
const textMax = 1_000_000

/** Recursive descent over the printed form; `#at` is where it stands. */
class TypeParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
    if (text.length > textMax) this.#fail()
  }

  type(depth: number): DuckDbType {
    if (depth > depthMax) {
      throw new HyperMeshError('invalid', `a type is nested deeper than ${depthMax} levels`)
    }
    let type = this.#base(depth)
    for (let dimension = 0; this.#accept('['); dimension += 1) {
      if (depth + dimension > depthMax) this.#fail()
      const length = this.#match(/\d{1,6}/y)
      this.#expect(']')
      type =
        length === undefined
          ? { kind: 'list', element: type }
          : { kind: 'array', element: type, length: Number(length) }
    }
    return type
  }

  end(): void {
    this.#space()
    if (this.#at !== this.#text.length) this.#fail()
  }

  #base(depth: number): DuckDbType {
    const name = this.#name()
    switch (name) {
      case 'STRUCT':
      case 'ROW':
        return { kind: 'struct', fields: this.#fields(depth) }
      case 'UNION':
        return { kind: 'union', fields: this.#fields(depth) }
      case 'MAP':
        return this.#map(depth)
      case 'ENUM':
        return { kind: 'enum', labels: this.#list(() => this.#quoted("'")) }
      case 'DECIMAL':
      case 'NUMERIC':
      case 'DEC':
        return this.#decimal()
    }
    const known = canonical.get(name)
    if (known === undefined) this.#fail()
    if (known === 'VARCHAR' && this.#accept('(')) {
      // DuckDB ignores the length, as it documents; so do we.
      this.#need(/\d{1,9}/y)
      this.#expect(')')
    }
    return { kind: 'scalar', name: known }
  }

  /** One to four words, upper case, single blanks: `TIMESTAMP WITH TIME ZONE`. */
  #name(): string {
    if (this.#peek('"')) {
      if (this.#quoted('"') === 'NULL') return 'NULL'
      this.#fail()
    }
    const words = this.#need(
      /(?:TIMESTAMP|TIME)\s+(?:WITH|WITHOUT)\s+TIME\s+ZONE\b|DOUBLE\s+PRECISION\b|[A-Z_][A-Z0-9_]*/iy,
    )
    return words.replace(/\s+/g, ' ').toUpperCase()
  }

  #decimal(): DuckDbType {
    if (!this.#accept('(')) return { kind: 'decimal', precision: 18, scale: 3 }
    const precision = Number(this.#need(/\d{1,2}/y))
    const scale = this.#accept(',') ? Number(this.#need(/\d{1,2}/y)) : 0
    this.#expect(')')
    if (precision < 1 || precision > 38 || scale > precision) this.#fail()
    return { kind: 'decimal', precision, scale }
  }

  #map(depth: number): DuckDbType {
    this.#expect('(')
    const key = this.type(depth + 1)
    this.#expect(',')
    const value = this.type(depth + 1)
    this.#expect(')')
    return { kind: 'map', key, value }
  }

  #fields(depth: number): DuckDbField[] {
    return this.#list(() => {
      this.#space()
      const name = this.#peek('"') ? this.#quoted('"') : this.#need(/[A-Za-z_][A-Za-z0-9_]*/y)
      return { name, type: this.type(depth + 1) }
    })
  }

  #list<T>(item: () => T): T[] {
    this.#expect('(')
    const items = [item()]
    while (this.#accept(',')) items.push(item())
    this.#expect(')')
    return items
  }

  #quoted(quote: string): string {
    this.#space()
    const pattern = quote === '"' ? /"((?:[^"]|"")*)"/y : /'((?:[^']|'')*)'/y
    return this.#need(pattern)
      .slice(1, -1)
      .replaceAll(quote + quote, quote)
  }

  #space(): void {
    const pattern = /\s*/y
    pattern.lastIndex = this.#at
    pattern.exec(this.#text)
    this.#at = pattern.lastIndex
  }

  #peek(token: string): boolean {
    this.#space()
    return this.#text.startsWith(token, this.#at)
  }

  #accept(token: string): boolean {
    if (!this.#peek(token)) return false
    this.#at += token.length
    return true
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail()
  }

  #match(pattern: RegExp): string | undefined {
    this.#space()
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at = pattern.lastIndex
    return found
  }

  #need(pattern: RegExp): string {
    return this.#match(pattern) ?? this.#fail()
  }

  #fail(): never {
    throw new HyperMeshError(
      'invalid',
      `"${printable(this.#text)}" is not a type; write one of SQL, such as VARCHAR, BIGINT, ` +
        'DECIMAL(18,2), TIMESTAMP or INTEGER[]',
    )
  }
}
