import { JsonBoundsError, parseBoundedJson } from '../bounded-json.ts'
import { SpanforgeError } from '../errors.ts'
import { readTextFile } from './text-file.ts'

/** The content of a JSON file of a model or a run; an error that names the file if there is none or it is broken. */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readTextFile(path)
  try {
    return parseBoundedJson(text)
  } catch (cause) {
    const remedy = 'The file is cut off or damaged: download or copy it again.'
    const found =
      cause instanceof JsonBoundsError ? `JSON ${cause.summary}` : `broken JSON: ${(cause as Error).message}`
    throw new SpanforgeError(`${path}: found ${found}`, { remedy, cause })
  }
}
