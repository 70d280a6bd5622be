import { type Role, roles } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { formatInstant } from '../instant.ts'
import { printTable } from '../table-print.ts'

/** Lists the keys, without their secrets. */
export async function runKeysList({
  terminal,
  json,
  signal,
  connect,
}: CommandContext): Promise<void> {
  const { client } = await connect()
  const { keys } = await client.listKeys({ signal })
  if (json) return terminal.print(JSON.stringify(keys))
  printTable(
    terminal,
    ['id', 'name', 'role', 'addresses', 'created', 'revoked'].map((name) => ({ name })),
    keys.map((key) => [
      key.id,
      key.name,
      key.role,
      key.cidrs.length === 0 ? 'any' : key.cidrs.join(' '),
      formatInstant(key.createdAt),
      key.revokedAt === null ? '' : formatInstant(key.revokedAt),
    ]),
  )
}

/** Mints a key and shows its secret, this once. */
export async function runKeysCreate(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  options: { readonly role: string; readonly cidr: readonly string[] },
): Promise<void> {
  const role = parseRole(options.role)
  const { client } = await connect()
  const key = await client.createKey({ name, role, cidrs: [...options.cidr] }, { signal })
  if (json) return terminal.print(JSON.stringify(key))
  terminal.print(key.secret)
  terminal.note(`key ${key.id} (${key.name}, ${key.role}); its secret is shown only now, keep it`)
}

/** Revokes a key: from now on it opens nothing. */
export async function runKeysRevoke(
  { terminal, json, signal, connect }: CommandContext,
  id: string,
): Promise<void> {
  const { client } = await connect()
  const key = await client.revokeKey(id, { signal })
  terminal.print(json ? JSON.stringify(key) : `revoked key ${key.id} (${key.name})`)
}

function parseRole(text: string): Role {
  const role = roles.find((each) => each === text)
  if (role === undefined) {
    throw new UsageError(`no role ${JSON.stringify(text)}; the roles are ${roles.join(', ')}`)
  }
  return role
}
