import { type WholeInit, wholeResponse } from './whole-response.ts'

/** An answer in JSON. */
export function jsonResponse(value: unknown, { status = 200, headers = {} }: WholeInit = {}) {
  return wholeResponse(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}
