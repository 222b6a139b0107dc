/**
 * Formats values from untrusted sources (files, requests, servers, the command line) for messages. The output is
 * bounded in depth and length, and characters that could hide or rewrite text are made visible.
 */

const MAX_DEPTH = 3
const ELLIPSIS = '…'

/** Control, format (zero-width, bidirectional), line separator and lone surrogate characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Formats `value` as JSON-like text of at most about `limit` characters. Strings are quoted. The cost depends on
 * `limit` rather than on the size of the value, because only the visible part is visited.
 */
export function showValue(value: unknown, limit = 100): string {
  let shown = ''
  for (const token of tokens(value, limit, 0)) {
    if (shown.length >= limit) return `${shown}${ELLIPSIS}`
    shown += token
  }
  return shown
}

function* tokens(value: unknown, limit: number, depth: number): Generator<string> {
  if (typeof value === 'string') yield quoted(value, limit)
  else if (typeof value === 'bigint') yield bigintText(value)
  else if (typeof value !== 'object' || value === null) yield showText(String(value), limit)
  else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    yield '['
    if (depth === MAX_DEPTH) yield ELLIPSIS
    else yield* listTokens(value as Iterable<unknown>, limit, depth + 1)
    yield ']'
  } else {
    yield '{'
    if (depth === MAX_DEPTH) yield ELLIPSIS
    else yield* fieldTokens(fieldsOf(value), limit, depth + 1)
    yield '}'
  }
}

function* listTokens(items: Iterable<unknown>, limit: number, depth: number): Generator<string> {
  let separator = ''
  for (const item of items) {
    yield separator
    yield* tokens(item, limit, depth)
    separator = ', '
  }
}

function* fieldTokens(fields: Iterable<[unknown, unknown]>, limit: number, depth: number): Generator<string> {
  let separator = ''
  for (const [key, value] of fields) {
    yield separator
    yield* tokens(key, limit, depth)
    yield ': '
    yield* tokens(value, limit, depth)
    separator = ', '
  }
}

function fieldsOf(object: object): Iterable<[unknown, unknown]> {
  return object instanceof Map ? object : ownFields(object as Record<string, unknown>)
}

function* ownFields(object: Readonly<Record<string, unknown>>): Generator<[string, unknown]> {
  // for...in visits one key at a time; Object.entries would copy all of them first.
  for (const key in object) if (Object.hasOwn(object, key)) yield [key, object[key]]
}

/** Computing the digits of a very large integer is slow, and they would not be helpful. */
function bigintText(value: bigint): string {
  return BigInt.asIntN(256, value) === value ? String(value) : 'an integer of more than 256 bits'
}

/** Formats `text` without quotes, truncated to `limit` characters, with invisible characters escaped. */
export function showText(text: string, limit = 200): string {
  return joined(text.slice(0, limit + 1), limit, escaped)
}

/** Lists the first `count` of `names`, each truncated to a readable length, and the number of others. */
export function showList(names: readonly string[], count = 10): string {
  return bounded(
    names.slice(0, count).map((name) => showText(name, 80)),
    names.length,
    ', ',
  )
}

/** Lists the first `count` of `lines`, whose lengths are already bounded, and the number of others. */
export function showLines(lines: readonly string[], count = 10): string {
  return bounded(lines.slice(0, count), lines.length, '\n')
}

function bounded(shown: readonly string[], total: number, separator: string): string {
  const text = shown.join(separator)
  const more = total - shown.length
  return more > 0 ? `${text}${separator === '\n' ? '\n' : ' '}and ${more.toLocaleString('en-US')} more` : text
}

/** The part of a zod issue that is shown. */
interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly code?: string
  readonly keys?: readonly string[]
}

/** Formats zod issues in one line: the path and message of the first few, and the number of others. */
export function showIssues(issues: readonly Issue[], count = 5): string {
  return bounded(issues.slice(0, count).map(issueText), issues.length, '; ')
}

function issueText({ path, message, code, keys = [] }: Issue): string {
  const place = path
    .slice(0, 8)
    .map((key) => showText(String(key), 40))
    .join('.')
  // The message of zod lists all keys.
  const finding =
    code === 'unrecognized_keys'
      ? `unknown ${keys.length === 1 ? 'key' : 'keys'} ${showList(keys, 5)}`
      : showText(message)
  return place ? `${place}: ${finding}` : finding
}

/**
 * Truncates a message to at most `bytes` bytes, as a last resort. Keeps line breaks, but escapes other invisible
 * characters.
 */
export function showMessage(message: string, bytes: number): string {
  const shown = joined(message.slice(0, bytes + 1), bytes, (unit) => (unit === '\n' ? unit : escaped(unit)))
  const { read } = new TextEncoder().encodeInto(shown, new Uint8Array(bytes))
  return read < shown.length ? `${shown.slice(0, read)}${ELLIPSIS}` : shown
}

/**
 * Characters that move the cursor, clear the screen or reverse text. Excludes joiners, which Persian and emoji need.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are searched for
const MOVING = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\x1b(?!\[(?:1|22)m)/g

/** Escapes text of any length for output in a terminal. Keeps line breaks, tabs and the bold style of tables. */
export const showOnTerminal = (text: string): string => text.replace(MOVING, (unit) => codePoint(unit.charCodeAt(0)))

function quoted(text: string, limit: number): string {
  const json = JSON.stringify(text.slice(0, limit + 1)).slice(1, -1)
  return `"${joined(json, limit, escaped, /\\(?:u[0-9a-f]{4}|.)|./gsu)}"`
}

/** Joins as many units of `text` (by default, characters) as fit into `limit` characters. */
function joined(text: string, limit: number, show: (unit: string) => string, units = /./gsu): string {
  let shown = ''
  for (const [unit] of text.matchAll(units)) {
    const next = show(unit)
    if (shown.length + next.length > limit) return `${shown}${ELLIPSIS}`
    shown += next
  }
  return shown
}

const escaped = (unit: string): string => (INVISIBLE.test(unit) ? codePoint(unit.codePointAt(0)!) : unit)

const codePoint = (code: number): string =>
  code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
