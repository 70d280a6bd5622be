const tag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get

/**
 * The name of a typed array's type, also of one from another realm; undefined of anything else. One
 * question in place of an `instanceof` for each type, which code that V8 has not compiled pays for.
 */
export function typedArrayOf(value: unknown): string | undefined {
  return tag?.call(value)
}
