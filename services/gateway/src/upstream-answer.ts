import type { RequestEnding } from '@hypermesh/kit'

/** Time that an upstream has, once aborted, to answer with what it knows of the outcome. */
const graceMs = 200

/** The answer of an upstream, or why the request was ended soon after it was. */
export function upstreamAnswer(
  answer: Promise<Response>,
  ending: RequestEnding,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let isLate = false
    const onAbort = () => {
      timer = setTimeout(() => {
        isLate = true
        reject(ending.reason)
      }, graceMs)
    }
    const settle = () => {
      clearTimeout(timer)
      ending.onAbort = undefined
    }
    if (ending.aborted) onAbort()
    else ending.onAbort = onAbort
    answer.then(
      (response) => {
        settle()
        resolve(response)
        // Whoever answers after this answers nobody.
        if (isLate) response.body?.cancel().catch(() => undefined)
      },
      (error: unknown) => {
        settle()
        reject(error)
      },
    )
  })
}
