/** A value of the text itself: integers beyond 2^53 are bigints. */
export interface Literal {
  readonly kind: 'literal'
  readonly value: string | number | bigint | boolean | null
}

/** `$name`: bound as a value when the statement runs, never pasted. */
export interface Parameter {
  readonly kind: 'parameter'
  readonly name: string
}

/** `he.weight`, or `weight` where it is clear whose. */
export interface Column {
  readonly kind: 'column'
  readonly variable: string | null
  readonly name: string
}

/** `he.members('host')`: those in that role. */
export interface RoleMembers {
  readonly kind: 'members'
  readonly variable: string | null
  readonly role: Expression
}

export interface Unary {
  readonly kind: 'not' | 'negate'
  readonly operand: Expression
}

/** AND and OR take any number of operands, so that a long chain is not a deep tree. */
export interface Junction {
  readonly kind: 'and' | 'or'
  readonly operands: readonly Expression[]
}

export const comparisonOperators = ['=', '<>', '<=', '<', '>=', '>'] as const
export const textOperators = ['STARTS WITH', 'ENDS WITH', 'CONTAINS'] as const
export const arithmeticOperators = ['+', '-', '*', '/', '%'] as const
export type BinaryOperator =
  | (typeof comparisonOperators)[number]
  | (typeof textOperators)[number]
  | (typeof arithmeticOperators)[number]

export interface Binary {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
}

export interface Membership {
  readonly kind: 'in'
  readonly value: Expression
  readonly list: Expression
}

/** A node of its own: as two comparisons it would hold its value twice, and nested ones double each time. */
export interface Between {
  readonly kind: 'between'
  readonly value: Expression
  readonly low: Expression
  readonly high: Expression
}

export interface NullTest {
  readonly kind: 'isNull'
  readonly operand: Expression
  readonly isNegated: boolean
}

export interface List {
  readonly kind: 'list'
  readonly items: readonly Expression[]
}

export interface Entry {
  readonly name: string
  readonly value: Expression
}

export interface RecordValue {
  readonly kind: 'record'
  readonly entries: readonly Entry[]
}

/** `count(*)` has no arguments and `isStar`. */
export interface Call {
  readonly kind: 'call'
  /** In lower case. */
  readonly name: string
  readonly isDistinct: boolean
  readonly isStar: boolean
  readonly arguments: readonly Expression[]
}

export type Expression =
  | Literal
  | Parameter
  | Column
  | RoleMembers
  | Unary
  | Junction
  | Binary
  | Membership
  | Between
  | NullTest
  | List
  | RecordValue
  | Call

/** `(he:Table)`. */
export interface Pattern {
  readonly variable: string | null
  readonly table: string
}

export interface ReturnItem {
  readonly expression: Expression
  readonly alias: string | null
}

export interface OrderTerm {
  readonly expression: Expression
  readonly isDescending: boolean
}

export interface Returning {
  readonly isDistinct: boolean
  /** `*`, or what is named. */
  readonly items: 'all' | readonly ReturnItem[]
  readonly orderBy: readonly OrderTerm[]
  readonly skip: Literal | Parameter | null
  readonly limit: Literal | Parameter | null
}

/** One row for each element of a list of a hyperedge. */
export interface Unwind {
  readonly list: Expression
  readonly alias: string
}

/** One pattern, or two that are joined. */
export interface Match {
  readonly kind: 'match'
  readonly patterns: readonly Pattern[]
  /** The number of a commit, or an instant. */
  readonly asOf: Expression | null
  readonly where: Expression | null
  readonly unwind: Unwind | null
  readonly returning: Returning
}

export const pathModes = ['shortest', 'earliest'] as const
export type PathMode = (typeof pathModes)[number]

/** From a node over hyperedges that follow each other in time: to one node, or to all that it reaches. */
export interface Path {
  readonly kind: 'path'
  readonly mode: PathMode
  readonly start: Expression
  readonly target: Expression | null
  readonly pattern: Pattern
  readonly hopsMax: number | null
  /** `from`, `to`: roles; `order`: how hyperedges follow each other. */
  readonly options: readonly Entry[]
  readonly asOf: Expression | null
  readonly where: Expression | null
  readonly returning: Returning
}

export interface InsertRow {
  readonly table: string
  readonly entries: readonly Entry[]
}

export interface Insert {
  readonly kind: 'insert'
  readonly rows: readonly InsertRow[]
}

export interface Update {
  readonly kind: 'update'
  readonly pattern: Pattern
  readonly changes: readonly Entry[]
  readonly where: Expression | null
}

export interface Delete {
  readonly kind: 'delete'
  readonly pattern: Pattern
  readonly where: Expression | null
}

export interface Copy {
  readonly kind: 'copy'
  readonly table: string
  readonly source: Literal | Parameter
  readonly options: readonly Entry[]
}

export const propertyTypes = ['int64', 'float64', 'string', 'bool', 'timestamp'] as const
export type PropertyTypeName = (typeof propertyTypes)[number]

export interface PropertyDeclaration {
  readonly name: string
  readonly type: PropertyTypeName
}

export interface CreateTable {
  readonly kind: 'createTable'
  readonly table: string
  readonly ifNotExists: boolean
  readonly memberTables: readonly string[]
  readonly bucketSeconds: number | null
  readonly properties: readonly PropertyDeclaration[]
  readonly ttlSeconds: number | null
}

/** One change; `ttlSeconds` null: kept for ever. */
export type TableChange =
  | { readonly kind: 'addProperties'; readonly properties: readonly PropertyDeclaration[] }
  | { readonly kind: 'setTtl'; readonly ttlSeconds: number | null }
  | { readonly kind: 'setBucket'; readonly bucketSeconds: number }

export interface AlterTable {
  readonly kind: 'alterTable'
  readonly table: string
  readonly change: TableChange
}

export interface DropTable {
  readonly kind: 'dropTable'
  readonly table: string
  readonly ifExists: boolean
}

export interface CreateIndex {
  readonly kind: 'createIndex'
  readonly name: string | null
  readonly table: string
  readonly columns: readonly string[]
}

/** By its name, or by its columns. */
export interface DropIndex {
  readonly kind: 'dropIndex'
  readonly table: string
  readonly name: string | null
  readonly columns: readonly string[]
}

export interface ShowIndexes {
  readonly kind: 'showIndexes'
  readonly table: string | null
}

/** `COMPACT_THRESHOLD n` sets it, without a number it is asked for. */
export interface CompactThreshold {
  readonly kind: 'compactThreshold'
  readonly records: number | null
}

export interface CallProcedure {
  readonly kind: 'call'
  /** In lower case. */
  readonly procedure: string
  readonly arguments: readonly Expression[]
  readonly returning: Returning
}

export interface Explain {
  readonly kind: 'explain'
  readonly statement: RunnableStatement
}

export type RunnableStatement =
  | Match
  | Path
  | Insert
  | Update
  | Delete
  | Copy
  | CreateTable
  | AlterTable
  | DropTable
  | CreateIndex
  | DropIndex
  | ShowIndexes
  | CompactThreshold
  | CallProcedure

export type Statement = RunnableStatement | Explain

/** `RETURN *` without anything else. */
export const returnAll: Returning = {
  isDistinct: false,
  items: 'all',
  orderBy: [],
  skip: null,
  limit: null,
}
