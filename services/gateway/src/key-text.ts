import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** An API key as a person holds it: `hm_<id>_<secret>`. The id names it, the secret proves it. */
export interface KeyText {
  readonly id: string
  readonly secret: string
}

const idBytes = 8
const secretBytes = 32
const pattern = /^hm_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export function mintKey(): KeyText {
  return {
    id: randomBytes(idBytes).toString('hex'),
    secret: randomBytes(secretBytes).toString('base64url'),
  }
}

export function formatKey({ id, secret }: KeyText): string {
  return `hm_${id}_${secret}`
}

export function parseKey(text: string): KeyText | undefined {
  const [, id, secret] = pattern.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** The secret has 256 random bits, so a plain hash cannot be searched; it needs no salt. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}

export function isSecretOf(secret: string, sha256: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(sha256))
}
