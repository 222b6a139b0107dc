import { type JsonBounds, JsonBoundsError, parseBoundedJson } from '../bounded-json.ts'
import { SpanforgeError } from '../errors.ts'
import { refuseImpostorOfText } from './impostor.ts'
import { readTextFile } from './text-file.ts'

/** The largest vocabularies, with the merges of byte-pair encodings, have less than half of these values. */
const BOUNDS: JsonBounds = { values: 5_000_000 }

/** The content of a JSON file of a model or a run; an error that names the file if there is none or it is broken. */
export async function readJsonFile(path: string, bounds: JsonBounds = BOUNDS): Promise<unknown> {
  const text = await readTextFile(path)
  try {
    return parse(text, bounds)
  } catch (cause) {
    refuseImpostorOfText(path, text)
    if (text.startsWith('\ufeff'))
      throw new SpanforgeError(`${path}: found a byte order mark (BOM), expected JSON without one`, {
        remedy: 'Save the file as UTF-8 without BOM.',
      })
    const remedy = 'The file is cut off or damaged: download or copy it again.'
    const found =
      cause instanceof JsonBoundsError
        ? `JSON that is too complex: ${cause.summary}`
        : `broken JSON: ${oneLine(cause as Error)}`
    throw new SpanforgeError(`${path}: found ${found}`, { remedy, cause })
  }
}

/** JSON.parse quotes the file, line breaks and all. */
const oneLine = ({ message }: Error): string => message.replace(/\s+/g, ' ')

/** The longest text that is searched for Python's constants: far above any file that a person writes metrics into. */
const MAX_PYTHON_LENGTH = 2 ** 20

/** JSON, or what Python's json module writes for numbers that are not finite: they are read as null. */
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
