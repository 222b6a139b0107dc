import { access, readFile } from 'node:fs/promises'
import { type JsonBounds, JsonBoundsError, parseBoundedJson } from '../bounded-json.ts'
import { SpanforgeError, UsageError } from '../errors.ts'
import { cannotRead, openRegularFile } from './binary-file.ts'
import { rejectImpostorOfText } from './impostor.ts'

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

/**
 * Reads a text file that a command names. It may also be a pipe opened by the shell, such as `<(command)` and /dev/stdin.
 * @throws UsageError if it does not exist
 */
export async function readNamedTextFile(path: string): Promise<string> {
  if (!/^\/(dev\/(stdin$|fd\/)|proc\/self\/fd\/)/.test(path)) {
    await rejectMissing(path)
    return readTextFile(path)
  }
  return readFile(path, 'utf8').catch((error) => Promise.reject(cannotRead(path, error)))
}

/** @throws UsageError if a file that a command names does not exist */
export const rejectMissing = (path: string): Promise<void> =>
  access(path).catch(() => Promise.reject(new UsageError(`${path}: does not exist`, 'Check the path.')))

/** More than twice as many values as in the largest vocabularies, including merges of byte-pair encodings. */
const BOUNDS: JsonBounds = { values: 5_000_000 }

/** Reads a JSON file of a model or a run. Throws an error that names the file if it is missing or invalid. */
export async function readJsonFile(path: string, bounds: JsonBounds = BOUNDS): Promise<unknown> {
  const text = await readTextFile(path)
  try {
    return parse(text, bounds)
  } catch (cause) {
    rejectImpostorOfText(path, text)
    if (text.startsWith('\ufeff'))
      throw new SpanforgeError(`${path}: found a byte order mark (BOM), expected JSON without one`, {
        remedy: 'Save the file as UTF-8 without BOM.',
      })
    const remedy = 'The file is truncated or corrupted. Download or copy it again.'
    const found =
      cause instanceof JsonBoundsError
        ? `JSON that is too complex: ${cause.summary}`
        : `broken JSON: ${oneLine(cause as Error)}`
    throw new SpanforgeError(`${path}: found ${found}`, { remedy, cause })
  }
}

/** JSON.parse quotes parts of the file, including line breaks. */
const oneLine = ({ message }: Error): string => message.replace(/\s+/g, ' ')

/** Maximum length of texts that are searched for Python's constants. Much longer than any file of metrics. */
const MAX_PYTHON_LENGTH = 2 ** 20

/** Parses JSON. Also accepts the notation of Python's json module for non-finite numbers, which become null. */
function parse(text: string, bounds: JsonBounds): unknown {
  try {
    return parseBoundedJson(text, bounds)
  } catch (error) {
    if (error instanceof JsonBoundsError || text.length > MAX_PYTHON_LENGTH) throw error
    const standard = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) => (part[0] === '"' ? part : 'null'))
    if (standard === text) throw error
    return parseBoundedJson(standard, bounds)
  }
}
