const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

type Bracket = '[' | '{'

/**
 * Returns the index of the first character that is not valid JSON (RFC 8259), or the length of a truncated text. Error
 * messages of JSON.parse include the position only sometimes and differ between engines. `onClose` is called with the
 * end of each object or list and the brackets still open there.
 */
export function jsonErrorPosition(text: string, onClose?: (end: number, open: readonly Bracket[]) => void): number {
  const open: Bracket[] = []
  let expected: 'value' | 'key' | 'colon' | 'comma' = 'value'
  let mayClose = false
  for (let i = skipSpace(text, 0); i < text.length; i = skipSpace(text, i)) {
    const character = text[i]
    const inside = open.at(-1)
    if (inside && (mayClose || expected === 'comma') && character === (inside === '[' ? ']' : '}')) {
      open.pop()
      expected = 'comma'
      mayClose = false
      i++
      onClose?.(i, open)
    } else if (expected === 'comma') {
      if (!inside || character !== ',') return i
      expected = inside === '[' ? 'value' : 'key'
      i++
    } else if (expected === 'colon') {
      if (character !== ':') return i
      expected = 'value'
      i++
    } else if (character === '"') {
      const end = stringEnd(text, i)
      if (text[end] !== '"') return end
      expected = expected === 'key' ? 'colon' : 'comma'
      mayClose = false
      i = end + 1
    } else if (expected === 'key') return i
    else if (character === '[' || character === '{') {
      open.push(character)
      expected = character === '[' ? 'value' : 'key'
      mayClose = true
      i++
    } else {
      SCALAR.lastIndex = i
      const scalar = SCALAR.exec(text)
      if (!scalar) return /^[\w.+-]+$/.test(text.slice(i, i + 30)) && text.length <= i + 30 ? text.length : i
      expected = 'comma'
      mayClose = false
      i += scalar[0].length
    }
  }
  return text.length
}

function skipSpace(text: string, from: number): number {
  let i = from
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\t' || text[i] === '\r') i++
  return i
}

/** Index of the closing quote of the string that starts at `start`, of an invalid character in it, or of the end. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; ) {
    const code = text.charCodeAt(i)
    if (code === 0x22 || code < 0x20) return i
    if (code !== 0x5c) {
      i++
      continue
    }
    ESCAPE.lastIndex = i
    const escaped = ESCAPE.exec(text)
    if (!escaped) return text.length - i < 6 ? text.length : i
    i += escaped[0].length
  }
  return text.length
}
