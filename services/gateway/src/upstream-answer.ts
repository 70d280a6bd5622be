/** Time that an upstream has, once aborted, to answer with what it knows of the outcome. */
const graceMs = 200

/** The answer of an upstream, or the reason of the signal soon after it aborts. */
export async function upstreamAnswer(
  answer: Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  let timer: NodeJS.Timeout | undefined
  let onAbort = () => {}
  const late = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason), graceMs)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([answer, late])
  } catch (error) {
    // Whoever answers after this answers nobody.
    answer.then((response) => response.body?.cancel()).catch(() => undefined)
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
