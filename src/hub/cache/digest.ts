import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** Starts the kind of hash that `hash` is: SHA-256 for 64 digits, git's SHA-1, which includes the size, for 40. */
export function digestLike(hash: string, size: number): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
}

/** Adds the first `end` bytes of a file to a hash, which can be continued afterwards. */
export async function digestFile(path: string, digest: Hash, end: number): Promise<Hash> {
  if (end === 0) return digest
  for await (const chunk of createReadStream(path, { end: end - 1, highWaterMark: 1 << 20 })) digest.update(chunk)
  return digest
}
