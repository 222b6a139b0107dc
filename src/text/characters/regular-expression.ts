import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import { type Fields, unexpected } from '../fields.ts'
import { withoutNewCharacters } from './unicode.ts'

/**
 * Translates the regular expressions in tokenizer.json, which are written for Oniguruma (Ruby syntax, Unicode 16), to
 * JavaScript. Constructs without an exact counterpart are rejected.
 */
export class Pattern {
  private readonly expression: RegExp

  /** @throws SpanforgeError for a construct that is not supported; `place` names the pattern */
  constructor(source: string, place: string) {
    this.expression = new RegExp(new Translator(source, place).translate(), 'gv')
  }

  /** Returns the ranges of the matches in `[from, to)` of a text. The expression does not see the rest of the text. */
  *matches(text: string, from: number, to: number): Generator<readonly [start: number, end: number]> {
    let last = -1
    for (const { 0: match, index } of withoutNewCharacters(text.slice(from, to)).matchAll(this.expression)) {
      // Oniguruma finds no empty match just behind another match.
      if (match === '' && index === last) continue
      last = index + match.length
      yield [from + index, from + last]
    }
  }
}

/** A translated part of an expression, and whether it can repeat without limit. */
interface Part {
  readonly written: string
  readonly repeats: boolean
}

const MAX_LENGTH = 10_000

/** Options of a part: `(?i)` ignores case, `(?m)` lets the dot match line breaks. */
interface Flags {
  readonly ignoreCase: boolean
  readonly dotAll: boolean
}

const SPACE = String.raw`\p{White_Space}`
const DIGIT = String.raw`\p{Nd}`
const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u{b2}\u{b3}\u{b9}\u{bc}-\u{be}]`
const ANY = String.raw`[\s\S]`

const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: SPACE,
  S: `[^${SPACE}]`,
  d: DIGIT,
  D: `[^${DIGIT}]`,
  w: WORD,
  W: `[^${WORD}]`,
  h: '[0-9a-fA-F]',
  H: '[^0-9a-fA-F]',
}

const CHARACTER_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 }

const ANCHORS: Readonly<Record<string, string>> = {
  A: `(?<!${ANY})`,
  z: `(?!${ANY})`,
  Z: `(?=\\n?(?!${ANY}))`,
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
}
const LINE_START = `(?:(?<!${ANY})|(?<=\\n)(?=${ANY}))`
const LINE_END = String.raw`(?![^\n])`

/** Oniguruma's property names, in lower case and without separators. */
const PROPERTIES: Readonly<Record<string, string>> = {
  alpha: 'Alphabetic',
  digit: 'Nd',
  space: 'White_Space',
  upper: 'Uppercase',
  lower: 'Lowercase',
  punct: 'P',
  letter: 'L',
  mark: 'M',
  number: 'N',
  punctuation: 'P',
  symbol: 'S',
  separator: 'Z',
  other: 'C',
  uppercaseletter: 'Lu',
  lowercaseletter: 'Ll',
  decimalnumber: 'Nd',
  spaceseparator: 'Zs',
  whitespace: 'White_Space',
  alphabetic: 'Alphabetic',
  uppercase: 'Uppercase',
  lowercase: 'Lowercase',
}

/** U+0295 became another kind of letter after Unicode 16. */
const MOVED: Readonly<Record<string, string>> = { Ll: '[\\p{Ll}\\u{295}]', Lo: '[\\p{Lo}--\\u{295}]' }

/** Letters with exactly one other form when case is ignored. */
const FOLDED_PAIRS = /ss|st|ff|fi|fl/i

class Translator {
  private at = 0
  private groups = 0

  constructor(
    private readonly source: string,
    private readonly place: string,
  ) {
    if (source.length > MAX_LENGTH) throw this.unsupported(`its length of ${source.length} characters`)
  }

  translate(): string {
    const { written } = this.alternatives({ ignoreCase: false, dotAll: false })
    if (this.at < this.source.length) throw this.unsupported('a ")" without "("')
    return written
  }

  private alternatives(flags: Flags): Part {
    let current = flags
    let repeats = false
    let written = ''
    let literal = ''
    while (this.at < this.source.length && this.peek() !== ')') {
      const alone = this.take(/\(\?([im]+)\)/y)
      if (alone) {
        // Flags hold to the end of the group, in the alternatives that follow, too.
        current = withFlags(current, alone[1])
        const rest = this.alternatives(current)
        return { written: `${written}(?:${rest.written})`, repeats: repeats || rest.repeats }
      }
      if (this.take(/\|/y)) {
        written += '|'
        literal = ''
        continue
      }
      const from = this.at
      const part = this.repeated(current)
      const character = this.at - from === 1 ? this.source[from] : ''
      literal = character && literal.slice(-1) + character
      if (current.ignoreCase && FOLDED_PAIRS.test(literal)) throw this.unsupported(`"${literal}" in any case`)
      written += part.written
      repeats ||= part.repeats
    }
    return { written, repeats }
  }

  /** Reads a part and the quantifier after it. */
  private repeated(flags: Flags): Part {
    const part = this.single(flags)
    const found = this.take(/([*+?])([?+]?)|(\{\d*(,?)\d*\})([?+]?)/y)
    if (!found || found[3] === '{}' || found[3] === '{,}') {
      if (found) this.at -= found[0].length
      return this.rejectQuantifier(part)
    }
    const [, simple, mode, interval, comma, after] = found
    if (interval && after === '?' && !comma) throw this.unsupported(`the quantifier "${found[0]}"`)
    const bounds = interval?.replace('{,', '{0,')
    const isUnbounded = simple === '*' || simple === '+' || interval?.endsWith(',}') === true || after === '+'
    if (isUnbounded && part.repeats) throw this.unsupported('a repetition within a repetition')
    const repeats = isUnbounded || part.repeats
    if (mode === '+') return this.rejectQuantifier({ written: this.atomic(`${part.written}${simple}`), repeats })
    const written =
      after === '+' ? `(?:${part.written}${bounds})+` : `${part.written}${simple ?? bounds}${mode || after || ''}`
    return this.rejectQuantifier({ written, repeats })
  }

  private rejectQuantifier(part: Part): Part {
    if (/[*+?]/.test(this.peek())) throw this.unsupported(`the quantifier "${this.peek()}" after another`)
    return part
  }

  /** Reads a part without its quantifier. */
  private atomic(written: string): string {
    return `(?:(?=(${written}))\\${++this.groups})`
  }

  private single(flags: Flags): Part {
    const character = this.next()
    if (character === '(') return this.group(flags)
    const once = (written: string): Part => ({ written, repeats: false })
    if (character === '[') return once(this.characterClass(flags))
    if (character === '.') return once(flags.dotAll ? ANY : String.raw`[^\n]`)
    if (character === '^') return once(LINE_START)
    if (character === '$') return once(LINE_END)
    if (character === '\\') {
      const anchor = this.take(/[AzZbB]/y)
      return once(anchor ? ANCHORS[anchor[0]] : this.escape(flags))
    }
    if (/[*+?]/.test(character)) throw this.unsupported(`the quantifier "${character}" after nothing`)
    return once(this.literal(character.codePointAt(0)!, flags))
  }

  private group(flags: Flags): Part {
    const [kind = ''] = this.take(/\?(?:<?[=!]|>|#|[im]*:)/y) ?? []
    if (kind === '' && this.peek() === '?')
      throw this.unsupported(`the group "(${this.source.slice(this.at, this.at + 3)}"`)
    if (kind === '?#') {
      if (!this.take(/[^)]*\)/y)) throw this.unsupported('a comment without end')
      return { written: '', repeats: false }
    }
    const inner = this.alternatives(kind.endsWith(':') ? withFlags(flags, kind.slice(1, -1)) : flags)
    if (this.next() !== ')') throw this.unsupported('a group without end')
    if (kind === '?>') return { written: this.atomic(inner.written), repeats: inner.repeats }
    return { written: `(${/[=!]$/.test(kind) ? kind : '?:'}${inner.written})`, repeats: inner.repeats }
  }

  /** Reads the rest of a character class after its opening bracket, including nested classes. */
  private characterClass(flags: Flags): string {
    const isNegated = this.take(/\^/y) !== undefined
    let written = ''
    let isFirst = true
    for (; isFirst || this.peek() !== ']'; isFirst = false) {
      const posix = this.take(/\[:(\^?)(\w+):\]/y)
      if (posix) written += this.property(posix[2], posix[1] !== '', flags)
      else if (this.take(/&&/y)) throw this.unsupported('an intersection of classes')
      else if (this.take(/\[/y)) written += this.characterClass(flags)
      else if (this.take(/\\(?=[sSdDwWhHpP])/y)) written += this.escape(flags)
      else written += this.range(flags)
    }
    this.next()
    return `[${isNegated ? '^' : ''}${written}]`
  }

  private range(flags: Flags): string {
    const first = this.classCharacter()
    if (!this.take(/-(?!\])/y)) return this.literal(first, flags)
    if (/^(\[|\\[sSdDwWhHpP])/.test(this.source.slice(this.at))) throw this.unsupported('a range that ends in a class')
    const last = this.classCharacter()
    if (last < first) throw this.unsupported('a range that ends before it starts')
    if (!flags.ignoreCase) return `${codePoint(first)}-${codePoint(last)}`
    if (last > 0x7f) throw this.unsupported('a range of letters beyond ASCII in any case')
    return Array.from({ length: last - first + 1 }, (_, i) => this.literal(first + i, flags)).join('')
  }

  private classCharacter(): number {
    const character = this.next()
    if (character === '\\') return this.characterEscape()
    return character.codePointAt(0)!
  }

  /** Reads the rest of an escape after its backslash. */
  private escape(flags: Flags): string {
    const named = this.take(/([pP])\{(\^?)([\w -]+)\}/y)
    if (named) return this.property(named[3], (named[1] === 'P') !== (named[2] !== ''), flags)
    const known = this.take(/[sSdDwWhH]/y)
    return known ? CLASS_ESCAPES[known[0]] : this.literal(this.characterEscape(), flags)
  }

  private characterEscape(): number {
    const hex = this.take(/u([\da-fA-F]{4})|x\{([\da-fA-F]{1,6})\}|x([\da-fA-F]{1,2})/y)
    if (hex) return Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16)
    const named = this.take(/[tnvfrae]/y)
    if (named) return CHARACTER_ESCAPES[named[0]]
    const character = this.next()
    if (/[\p{L}\p{N}]/u.test(character)) throw this.unsupported(`"\\${character}"`)
    return character.codePointAt(0)!
  }

  private property(name: string, isNegated: boolean, flags: Flags): string {
    const plain = name.toLowerCase().replace(/[ _-]/g, '')
    const category = /^(l[ultmo]?|m[nce]?|n[dlo]?|p[cdseifo]?|s[mcko]?|z[slp]?|c[cfons]?)$/.test(plain)
    const known = category ? plain[0].toUpperCase() + plain.slice(1) : PROPERTIES[plain]
    if (flags.ignoreCase && /^(L[ult]|Uppercase|Lowercase)$/.test(known ?? ''))
      throw this.unsupported(`\\p{${name}} in any case`)
    if (plain === 'word') return isNegated ? `[^${WORD}]` : WORD
    if (plain === 'alnum') return `[${isNegated ? '^' : ''}\\p{Alphabetic}\\p{Nd}]`
    const written = known === undefined ? this.script(name) : (MOVED[known] ?? `\\p{${known}}`)
    return isNegated ? `[^${written}]` : written
  }

  private script(name: string): string {
    const script = name
      .toLowerCase()
      .replace(/[ -]/g, '_')
      .replace(/(^|_)\w/g, (letter) => letter.toUpperCase())
    const written = `\\p{Script=${script}}`
    try {
      new RegExp(written, 'v')
    } catch {
      throw this.unsupported(`the property "${name}"`)
    }
    return written
  }

  private literal(character: number, { ignoreCase }: Flags): string {
    const text = String.fromCodePoint(character)
    if (!ignoreCase || !/\p{Cased}/u.test(text)) return codePoint(character)
    if (character > 0x7f) throw this.unsupported(`"${text}" in any case`)
    const cases = [text.toLowerCase(), text.toUpperCase(), ...(OTHER_CASES[text.toLowerCase()] ?? [])]
    return `[${cases.map((one) => codePoint(one.codePointAt(0)!)).join('')}]`
  }

  private peek(): string {
    return this.at < this.source.length ? String.fromCodePoint(this.source.codePointAt(this.at)!) : ''
  }

  private next(): string {
    const character = this.peek()
    if (character === '') throw this.unsupported('an end in the middle of a part')
    this.at += character.length
    return character
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.source) ?? undefined
    if (found) this.at += found[0].length
    return found
  }

  private unsupported(what: string): SpanforgeError {
    return new SpanforgeError(
      `${this.place} is the regular expression "${showText(this.source, 80)}" with ${what}, which spanforge does not support`,
      { remedy: 'Use a model with another tokenizer.' },
    )
  }
}

/** The non-ASCII letters that match an ASCII letter when case is ignored: the long s and the kelvin sign. */
const OTHER_CASES: Readonly<Record<string, readonly string[]>> = { s: ['\u017f'], k: ['\u212a'] }

const codePoint = (character: number): string => `\\u{${character.toString(16)}}`

const withFlags = ({ ignoreCase, dotAll }: Flags, letters: string): Flags => ({
  ignoreCase: ignoreCase || letters.includes('i'),
  dotAll: dotAll || letters.includes('m'),
})

/** Reads a `pattern` of tokenizer.json, which is a string or a regular expression. */
export function readPattern(fields: Fields, name: string): string | Pattern {
  const pattern = fields.object(name)
  if (pattern.has('Regex')) return new Pattern(pattern.string('Regex'), pattern.path('Regex'))
  const text = pattern.string('String')
  if (text === '') throw unexpected(pattern.path('String'), text, 'at least one character')
  return text
}
