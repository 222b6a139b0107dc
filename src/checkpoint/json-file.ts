import { readFile, stat } from 'node:fs/promises'
import { SpanforgeError } from '../errors.ts'
import { cannotRead } from './binary-file.ts'

/** Far above any config or tokenizer, and far below what would hurt. */
const MAX_BYTES = 256 * 2 ** 20

/** The content of a JSON file of a model folder; an error that names the file if there is none or it is broken. */
export async function readJsonFile(path: string): Promise<unknown> {
  const { size } = await stat(path).catch((error) => Promise.reject(cannotRead(path, error)))
  if (size > MAX_BYTES)
    throw new SpanforgeError(`${path}: found ${size} bytes, expected a JSON file of at most ${MAX_BYTES}`)
  const text = await readFile(path, 'utf8').catch((error) => Promise.reject(cannotRead(path, error)))
  try {
    return JSON.parse(text)
  } catch (cause) {
    const remedy = 'The file is cut off or damaged: download or copy it again.'
    throw new SpanforgeError(`${path}: found broken JSON: ${(cause as Error).message}`, { remedy, cause })
  }
}
