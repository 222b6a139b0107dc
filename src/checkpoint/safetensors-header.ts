import { z } from 'zod'
import { endOfString, JsonBoundsError, parseBoundedJson } from '../bounded-json.ts'
import { SpanforgeError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import { ELEMENT_BYTES, isDtype } from './floats.ts'
import { elementCount } from './stored-tensor.ts'

/** The position of a tensor. `begin` and `end` are byte offsets from the end of the header. */
export interface Entry {
  /** May be a type that this version does not know. */
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, Entry>
  readonly metadata: Readonly<Record<string, string>>
}

const corrupted = (message: string): never => {
  throw new SpanforgeError(message, { remedy: 'The file is corrupted. Download or copy it again.' })
}

/** Enough for a hundred thousand tensors. A header of 100 MB could declare a hundred million. */
const BOUNDS = { depth: 3, values: 1_000_000 }

/** The same limit as in PyTorch. */
const MAX_AXES = 64
/** The parameter names of a BERT model have up to 60 characters. */
const MAX_NAME_LENGTH = 1024

const count = z.int().nonnegative()
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(count).max(MAX_AXES),
  data_offsets: z.tuple([count, count]),
})
const metadataSchema = z.record(z.string(), z.string()).nullish()

/**
 * Parses the header of a safetensors file with the checks of the reference implementation: each tensor has the number
 * of bytes that its shape and type require, and the tensors tile the `dataBytes` bytes after the header without gaps or
 * overlaps.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const { __metadata__, ...tensors } = parseObject(bytes, path)
  const metadata = metadataSchema.safeParse(__metadata__)
  if (!metadata.success) corrupted(`${path}: __metadata__: expected an object that maps names to strings`)
  const entries = new Map(Object.entries(tensors).map(([name, value]) => [name, parseEntry(name, value, path)]))
  checkTiling(entries, dataBytes, path)
  return { entries, metadata: metadata.data ?? {} }
}

function parseObject(bytes: Uint8Array, path: string): Record<string, unknown> {
  let text = ''
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = parseBoundedJson(text, BOUNDS)
  } catch (cause) {
    if (cause instanceof JsonBoundsError) corrupted(`${path}: the header is too complex: ${cause.summary}`)
    corrupted(`${path}: the header is not JSON in UTF-8: ${(cause as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return corrupted(`${path}: the header is not a JSON object`)
  const twice = repeatedKey(text)
  if (twice !== undefined) corrupted(`${path}: duplicate name ${showText(twice)} in the header`)
  return value as Record<string, unknown>
}

/** Finds the first duplicate key; JSON.parse would silently keep the last value. `text` is valid JSON. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  let isKey = true
  // Scanned by hand, because a regular expression overflows its stack on strings of several megabytes.
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character === ',') isKey ||= depth === 1
    else if (character === '"') {
      const start = at
      at = endOfString(text, start)
      if (depth !== 1 || !isKey) continue
      isKey = false
      const key: string = JSON.parse(text.slice(start, at + 1))
      if (seen.has(key)) return key
      seen.add(key)
    }
  }
  return undefined
}

function parseEntry(name: string, value: unknown, path: string): Entry {
  const place = `${path}: ${showText(name)}`
  if (name.length > MAX_NAME_LENGTH)
    return corrupted(`${place}: found a name of ${name.length} characters, expected at most ${MAX_NAME_LENGTH}`)
  const parsed = entrySchema.safeParse(value)
  if (!parsed.success)
    return corrupted(`${place}: found ${showValue(value, 200)}, expected dtype, shape and data_offsets`)
  const { dtype, shape, data_offsets } = parsed.data
  const [begin, end] = data_offsets
  // The element size of an unknown type is not known, and the tensor may never be read.
  const fits = isDtype(dtype) ? end - begin === elementCount(shape) * ELEMENT_BYTES[dtype] : end >= begin
  if (!fits)
    corrupted(`${place}: found bytes ${begin} to ${end}, which do not hold ${showText(dtype)} of shape [${shape}]`)
  return { dtype, shape, begin, end }
}

function checkTiling(entries: ReadonlyMap<string, Entry>, dataBytes: number, path: string): void {
  let reached = 0
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  for (const [name, { begin, end }] of inOrder) {
    const fault =
      end > dataBytes
        ? 'extends past the end of the file'
        : begin < reached
          ? 'overlaps another tensor'
          : 'follows a gap'
    if (begin !== reached || end > dataBytes)
      corrupted(`${path}: ${name}: ${fault}: bytes ${begin} to ${end} of ${dataBytes}`)
    reached = end
  }
  if (reached !== dataBytes) corrupted(`${path}: the tensors end at byte ${reached} of ${dataBytes}`)
}
