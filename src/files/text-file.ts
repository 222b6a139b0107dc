import { readFile } from 'node:fs/promises'
import { SpanforgeError } from '../errors.ts'
import { cannotRead, openRegularFile } from './binary-file.ts'

const MEGABYTE = 2 ** 20

/** Much larger than any file of a model or a run, and much smaller than the longest string. */
const MAX_BYTES = 256 * MEGABYTE

/** Reads a UTF-8 text file of at most `maxBytes` bytes. */
export async function readTextFile(path: string, maxBytes = MAX_BYTES): Promise<string> {
  const file = await openRegularFile(path)
  try {
    const { size } = await file.stat()
    if (size > maxBytes)
      throw new SpanforgeError(`${path}: found ${size} bytes, expected at most ${maxBytes / MEGABYTE} MB`)
    return await file.readFile('utf8').catch((error) => Promise.reject(cannotRead(path, error)))
  } finally {
    await file.close()
  }
}

/** Like `readTextFile`, but also reads pipes opened by the shell, such as `<(command)` and /dev/stdin. */
export function readTextFileOrPipe(path: string): Promise<string> {
  if (!/^\/(dev\/(stdin$|fd\/)|proc\/self\/fd\/)/.test(path)) return readTextFile(path)
  return readFile(path, 'utf8').catch((error) => Promise.reject(cannotRead(path, error)))
}
