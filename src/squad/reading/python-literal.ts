/** Parses Python literals, which pandas writes into CSV files for lists and dicts. */

/** Whether a text that is not JSON looks like a Python literal. */
export const isPythonNotation = (text: string): boolean =>
  /^\s*[[{(]/.test(text) &&
  (/[[{(,:]\s*b?'/.test(text) || /\barray\(/.test(text) || /[[{(,:]\s*(None|True|False|nan)\b/.test(text))

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
}

const MAX_DEPTH = 20

/**
 * Parses a Python literal: dicts, lists, tuples, strings, numbers, True, False, None and NumPy arrays
 * (`array([...], dtype=object)`). Returns undefined for anything else.
 */
export function parsePython(text: string): unknown {
  try {
    const parser = new PythonParser(text)
    const value = parser.value()
    return parser.atEnd() ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

class PythonParser {
  private at = 0
  private depth = 0

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.space()
    return this.at === this.text.length
  }

  value(): unknown {
    this.space()
    const character = this.text[this.at]
    if (character === '{') return this.dict()
    if (character === '[') return this.list('[', ']')
    if (character === '(') return this.list('(', ')')
    if (character === "'" || character === '"') return this.string(character)
    if (this.takes('array(')) return this.array()
    const word = this.match(/[A-Za-z]+/y)
    if (word) return this.constant(word)
    const number = this.match(/-?\d+(\.\d*)?([eE][+-]?\d+)?/y)
    return number ? Number(number) : this.fail()
  }

  private constant(word: string): unknown {
    if (word === 'None' || word === 'nan') return null
    if (word === 'True') return true
    return word === 'False' ? false : this.fail()
  }

  private dict(): Record<string, unknown> {
    const entries = this.items('{', '}', () => {
      const key = this.value()
      this.expect(':')
      return [String(key), this.value()] as const
    })
    return Object.fromEntries(entries)
  }

  private list(open: string, close: string): unknown[] {
    return this.items(open, close, () => this.value())
  }

  private array(): unknown {
    const value = this.value()
    if (this.takes(',')) this.match(/\s*dtype=[^()]*/y)
    this.expect(')')
    return value
  }

  private items<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open)
    if (++this.depth > MAX_DEPTH) this.fail()
    const items: T[] = []
    while (!this.takes(close)) {
      items.push(item())
      if (this.takes(close)) break
      this.expect(',')
    }
    this.depth--
    return items
  }

  private string(quote: string): string {
    let value = ''
    for (this.at++; this.text[this.at] !== quote; this.at++) {
      if (this.at >= this.text.length) this.fail()
      value += this.text[this.at] === '\\' ? this.escape() : this.text[this.at]
    }
    this.at++
    return value
  }

  private escape(): string {
    this.at++
    const digits = this.match(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y)
    if (digits) {
      this.at--
      const code = Number.parseInt(digits.slice(1), 16)
      return code > 0x10ffff ? this.fail() : String.fromCodePoint(code)
    }
    return ESCAPES[this.text[this.at]] ?? `\\${this.text[this.at] ?? this.fail()}`
  }

  private space(): void {
    this.match(/\s+/y)
  }

  private takes(expected: string): boolean {
    this.space()
    if (!this.text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  private expect(expected: string): void {
    if (!this.takes(expected)) this.fail()
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    this.at += found?.length ?? 0
    return found
  }

  private fail(): never {
    throw new SyntaxError(`not Python at ${this.at}`)
  }
}
