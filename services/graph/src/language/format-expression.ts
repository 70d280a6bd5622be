import { isReserved } from './reserved-words.ts'
import {
  arithmeticOperators,
  type Binary,
  type Entry,
  type Expression,
  type Literal,
} from './syntax-tree.ts'

/** How tightly an expression binds; what binds less stands in parentheses. */
const levels = { or: 1, and: 2, not: 3, comparison: 4, sum: 5, product: 6, sign: 7, primary: 8 }

/** A name as the parser takes it anywhere. */
export function formatName(name: string): string {
  return isReserved(name) ? `\`${name}\`` : name
}

export function formatEntries(entries: readonly Entry[]): string {
  const parts = entries.map(({ name, value }) => `${formatName(name)}: ${formatExpression(value)}`)
  return `{${parts.join(', ')}}`
}

export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return formatLiteral(expression)
    case 'parameter':
      return `$${expression.name}`
    case 'column':
      return `${prefixOf(expression.variable)}${formatName(expression.name)}`
    case 'members':
      return `${prefixOf(expression.variable)}members(${formatExpression(expression.role)})`
    case 'not':
      return `NOT ${within(expression.operand, levels.not)}`
    case 'negate':
      return `-${operandOfSign(expression.operand)}`
    case 'and':
      return expression.operands.map((one) => within(one, levels.and + 1)).join(' AND ')
    case 'or':
      return expression.operands.map((one) => within(one, levels.or + 1)).join(' OR ')
    case 'binary':
      return formatBinary(expression)
    case 'in':
      return `${within(expression.value, levels.sum)} IN ${formatExpression(expression.list)}`
    case 'between': {
      const [value, low, high] = [expression.value, expression.low, expression.high].map((one) =>
        within(one, levels.sum),
      )
      return `${value} BETWEEN ${low} AND ${high}`
    }
    case 'isNull': {
      const test = expression.isNegated ? 'IS NOT NULL' : 'IS NULL'
      return `${within(expression.operand, levels.sum)} ${test}`
    }
    case 'list':
      return `[${expression.items.map(formatExpression).join(', ')}]`
    case 'record':
      return formatEntries(expression.entries)
    case 'call': {
      if (expression.isStar) return `${expression.name}(*)`
      const distinct = expression.isDistinct ? 'DISTINCT ' : ''
      const given = expression.arguments.map(formatExpression).join(', ')
      return `${expression.name}(${distinct}${given})`
    }
  }
}

function prefixOf(variable: string | null): string {
  return variable === null ? '' : `${formatName(variable)}.`
}

function within(expression: Expression, level: number): string {
  const text = formatExpression(expression)
  return levelOf(expression) < level ? `(${text})` : text
}

/** A number behind a sign would be read as one with that sign. */
function operandOfSign(operand: Expression): string {
  const isNumber = operand.kind === 'literal' && typeof operand.value !== 'string'
  return isNumber ? `(${formatExpression(operand)})` : within(operand, levels.sign)
}

/** The right side of an arithmetic operator binds more tightly: chains lean to the left. */
function formatBinary({ operator, left, right }: Binary): string {
  const level = levelOfOperator(operator)
  const isArithmetic = level !== levels.comparison
  const leftLevel = isArithmetic ? level : levels.sum
  const rightLevel = isArithmetic ? level + 1 : levels.sum
  return `${within(left, leftLevel)} ${operator} ${within(right, rightLevel)}`
}

function levelOfOperator(operator: Binary['operator']): number {
  if (!(arithmeticOperators as readonly string[]).includes(operator)) return levels.comparison
  return operator === '+' || operator === '-' ? levels.sum : levels.product
}

function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case 'or':
      return levels.or
    case 'and':
      return levels.and
    case 'not':
      return levels.not
    case 'binary':
      return levelOfOperator(expression.operator)
    case 'in':
    case 'between':
    case 'isNull':
      return levels.comparison
    case 'negate':
      return levels.sign
    default:
      return levels.primary
  }
}

function formatLiteral({ value }: Literal): string {
  if (typeof value === 'string') return formatText(value)
  if (value === null) return 'NULL'
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  if (typeof value === 'bigint') return String(value)
  if (Object.is(value, -0)) return '-0'
  // Digits alone would be read as a bigint.
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value)
  return isLarge ? value.toExponential() : String(value)
}

/** Escaped where a character would end it or not be seen. */
function formatText(text: string): string {
  const escaped = text.replace(/[\\'\p{Cc}\u2028\u2029]/gu, (one) =>
    one === '\\' || one === "'"
      ? `\\${one}`
      : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `'${escaped}'`
}
