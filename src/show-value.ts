/**
 * How values from untrusted sources (files, requests, servers, the command line) appear in messages: bounded in depth
 * and length whatever they hold, and with every character that could hide or rewrite text made visible.
 */

const MAX_DEPTH = 3
const ELLIPSIS = '…'

/** Control, format (zero-width, bidirectional), line-separator and lone surrogate characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

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
  else if (typeof value !== 'object' || value === null) yield showText(String(value), limit)
  else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    yield '['
    if (depth === MAX_DEPTH) yield ELLIPSIS
    else yield* listTokens(value as Iterable<unknown>, limit, depth + 1)
    yield ']'
  } else {
    yield '{'
    if (depth === MAX_DEPTH) yield ELLIPSIS
    else yield* fieldTokens(value as Record<string, unknown>, limit, depth + 1)
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

function* fieldTokens(object: Record<string, unknown>, limit: number, depth: number): Generator<string> {
  let separator = ''
  // for...in visits one key at a time where Object.entries would copy all of them first.
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue
    yield `${separator}${quoted(key, limit)}: `
    yield* tokens(object[key], limit, depth)
    separator = ', '
  }
}

/** `text` without quotes, cut after `limit` characters, with invisible characters escaped. */
export function showText(text: string, limit = 200): string {
  const shown = escaped(cut(text, limit))
  return text.length > limit ? `${shown}${ELLIPSIS}` : shown
}

/** The first `count` of `names`, each cut to a readable length, and how many more there are. */
export function showList(names: readonly string[], count = 10): string {
  const shown = names.slice(0, count).map((name) => showText(name, 80))
  const more = names.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more.toLocaleString('en-US')} more` : shown.join(', ')
}

function quoted(text: string, limit: number): string {
  if (text.length <= limit) return escaped(JSON.stringify(text))
  return `${escaped(JSON.stringify(cut(text, limit)).slice(0, -1))}${ELLIPSIS}"`
}

/** At most `length` UTF-16 units of `text`, without half of a surrogate pair at the end. */
function cut(text: string, length: number): string {
  const part = text.slice(0, length)
  return /[\ud800-\udbff]$/.test(part) && part.length < text.length ? part.slice(0, -1) : part
}

const escaped = (text: string): string => text.replace(INVISIBLE, (character) => codePoint(character.codePointAt(0)!))

const codePoint = (code: number): string =>
  code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
