/** Why a measure cannot be given; these codes are rows of the contract's error table. */
export type MeasureErrorCode = 'invalid' | 'not_found' | 'too_large'

/** Thrown within a worker thread, which has no use for the contract, and told to the other side. */
export class MeasureError extends Error {
  override readonly name = 'MeasureError'
  readonly code: MeasureErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: MeasureErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.code = code
    this.details = details
  }
}
