/**
 * How values from untrusted sources (files, requests, servers, the command line) appear in messages: bounded in depth
 * and length whatever they hold, and with every character that could hide or rewrite text made visible.
 */

const MAX_DEPTH = 3
const ELLIPSIS = '…'

/** Control, format (zero-width, bidirectional), line-separator and lone surrogate characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * `value` as JSON-like text of about `limit` characters at most. Strings are quoted. The cost is bounded by `limit`,
 * not by the size of the value: only as much of it is visited as is shown.
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
  // for...in visits one key at a time where Object.entries would copy all of them first.
  for (const key in object) if (Object.hasOwn(object, key)) yield [key, object[key]]
}

/** The digits of a very large integer take long to compute and tell nobody anything. */
function bigintText(value: bigint): string {
  return BigInt.asIntN(256, value) === value ? String(value) : 'an integer of more than 256 bits'
}

/** `text` without quotes, cut after `limit` characters, with invisible characters escaped. */
export function showText(text: string, limit = 200): string {
  return joined(text.slice(0, limit + 1), limit, escaped)
}

/** The first `count` of `names`, each cut to a readable length, and how many more there are. */
export function showList(names: readonly string[], count = 10): string {
  return bounded(
    names.slice(0, count).map((name) => showText(name, 80)),
    names.length,
    ', ',
  )
}

/** The first `count` of `lines`, each of which is bounded already, and how many more there are. */
export function showLines(lines: readonly string[], count = 10): string {
  return bounded(lines.slice(0, count), lines.length, '\n')
}

function bounded(shown: readonly string[], total: number, separator: string): string {
  const text = shown.join(separator)
  const more = total - shown.length
  return more > 0 ? `${text}${separator === '\n' ? '\n' : ' '}and ${more.toLocaleString('en-US')} more` : text
}

/** What a zod schema found wrong with a value, as far as it is shown. */
interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly code?: string
  readonly keys?: readonly string[]
}

/** Issues of a zod schema in one line: the place and message of each of the first few, and how many more there are. */
export function showIssues(issues: readonly Issue[], count = 5): string {
  return bounded(issues.slice(0, count).map(issueText), issues.length, '; ')
}

function issueText({ path, message, code, keys = [] }: Issue): string {
  const place = path
    .slice(0, 8)
    .map((key) => showText(String(key), 40))
    .join('.')
  // The message of zod itself lists every one of the keys.
  const finding =
    code === 'unrecognized_keys'
      ? `unknown ${keys.length === 1 ? 'key' : 'keys'} ${showList(keys, 5)}`
      : showText(message)
  return place ? `${place}: ${finding}` : finding
}

/**
 * A whole message of at most `bytes` bytes, for where no other bound holds. Its line breaks are kept, unlike any other
 * invisible character.
 */
export function showMessage(message: string, bytes: number): string {
  const shown = joined(message.slice(0, bytes + 1), bytes, (unit) => (unit === '\n' ? unit : escaped(unit)))
  const { read } = new TextEncoder().encodeInto(shown, new Uint8Array(bytes))
  return read < shown.length ? `${shown.slice(0, read)}${ELLIPSIS}` : shown
}

/** What moves the cursor, clears the screen or turns text around: not joiners, which Persian and emoji are written with. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const MOVING = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\x1b(?!\[(?:1|22)m)/g

/** Text of any length as a terminal may show it. Line breaks, tabs and bold, which our own tables have, are kept. */
export const showOnTerminal = (text: string): string => text.replace(MOVING, (unit) => codePoint(unit.charCodeAt(0)))

function quoted(text: string, limit: number): string {
  const json = JSON.stringify(text.slice(0, limit + 1)).slice(1, -1)
  return `"${joined(json, limit, escaped, /\\(?:u[0-9a-f]{4}|.)|./gsu)}"`
}

/** As many units (characters, unless a pattern says otherwise) of `text` as make at most `limit` characters. */
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
