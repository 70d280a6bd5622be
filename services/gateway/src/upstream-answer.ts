/** Time that an upstream has, once aborted, to answer with what it knows of the outcome. */
const graceMs = 200

/** The answer of an upstream, or the reason of the signal soon after it aborts. */
export function upstreamAnswer(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let isLate = false
    const onAbort = () => {
      timer = setTimeout(() => {
        isLate = true
        reject(signal.reason)
      }, graceMs)
    }
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
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
