import { isWhitespace, WORD_CHARACTER } from './characters/unicode.ts'

/** A token that is matched in the text before it is split into words, with the field names of tokenizer.json. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Whether it matches only whole words: not next to a letter, digit or underscore. */
  readonly single_word: boolean
  /** Whether it includes the whitespace on its left. */
  readonly lstrip: boolean
  /** Whether it includes the whitespace on its right. */
  readonly rstrip: boolean
  /** Whether it is matched in the normalized text instead of the original one. */
  readonly normalized: boolean
  /** Whether `decode` omits it with `skip_special_tokens`. */
  readonly special: boolean
}

/** An added token in a text: `[start, end)` in UTF-16 units. */
export interface Match {
  readonly token: AddedToken
  readonly start: number
  readonly end: number
}

/** Up to this many strings, searching for each one is faster than a regular expression. */
const SEARCHED = 8

/** Finds added tokens in texts, from left to right. If several match at the same position, the longest one wins. */
export class AddedTokenFinder {
  private readonly tokens = new Map<string, AddedToken>()
  /** Lengths of the tokens that begin with a UTF-16 unit, longest first. */
  private readonly lengths = new Map<number, number[]>()
  /** The possible beginnings of a token, of one or two units. */
  private readonly beginning: RegExp | undefined
  /** The beginnings of all tokens, if there are few. A text that contains none of them contains no token. */
  private readonly beginnings: readonly string[] | undefined

  /**
   * Maps the string to search for (the token's content, normalized if the token requires it) to the token. If several
   * tokens have the same string, the first one is found.
   */
  constructor(tokens: Iterable<readonly [string, AddedToken]>) {
    for (const [content, token] of tokens) if (content && !this.tokens.has(content)) this.tokens.set(content, token)
    if (!this.tokens.size) return
    const lengths = new Map<number, Set<number>>()
    for (const content of this.tokens.keys()) {
      const unit = content.charCodeAt(0)
      lengths.set(unit, (lengths.get(unit) ?? new Set()).add(content.length))
    }
    for (const [unit, all] of lengths)
      this.lengths.set(
        unit,
        [...all].sort((a, b) => b - a),
      )
    const contents = [...this.tokens.keys()]
    this.beginning = beginningOf(contents)
    const beginnings = new Set(contents.map((content) => content.slice(0, content.startsWith(' ') ? 2 : 1)))
    if (beginnings.size <= SEARCHED) this.beginnings = [...beginnings]
  }

  get isEmpty(): boolean {
    return this.beginning === undefined
  }

  /** Tokens for which `isIgnored` returns true are tokenized like ordinary text. */
  find(text: string, isIgnored: (token: AddedToken) => boolean = () => false): Match[] {
    const matches: Match[] = []
    let taken = 0
    for (const { content, index } of this.occurrences(text)) {
      const token = this.tokens.get(content)!
      let start = index
      let end = index + content.length
      if (isIgnored(token)) continue
      if (token.single_word && touchesWord(text, start, end)) continue
      if (token.lstrip) while (start > taken && isWhitespace(text.charCodeAt(start - 1))) start--
      if (token.lstrip) start = Math.max(start, taken)
      if (token.rstrip) while (end < text.length && isWhitespace(text.charCodeAt(end))) end++
      // Whitespace that is a token itself may have been taken along by the one before.
      if (start >= end) continue
      matches.push({ token, start, end })
      taken = end
    }
    return matches
  }

  /** Matches like an alternation of all tokens, but the cost per position does not grow with their number. */
  private *occurrences(text: string): Generator<{ readonly content: string; readonly index: number }> {
    const { beginning, beginnings } = this
    if (!beginning || beginnings?.every((some) => !text.includes(some))) return
    let from = 0
    for (;;) {
      beginning.lastIndex = from
      const index = beginning.exec(text)?.index
      if (index === undefined) return
      const content = this.longestAt(text, index)
      if (content !== undefined) yield { content, index }
      from = index + (content?.length ?? 1)
    }
  }

  private longestAt(text: string, index: number): string | undefined {
    for (const length of this.lengths.get(text.charCodeAt(index))!) {
      const content = text.slice(index, index + length)
      if (this.tokens.has(content)) return content
    }
    return undefined
  }
}

/**
 * Matches positions where one of these may begin. A single space does not count, although tokens of several spaces
 * begin with one.
 */
function beginningOf(contents: readonly string[]): RegExp {
  const classOf = (some: readonly string[], index: number): string =>
    `[${[...new Set(some.map((content) => escapedUnit(content.charCodeAt(index))))].join('')}]`
  const single = contents.filter(({ length }) => length === 1)
  const longer = contents.filter(({ length }) => length > 1)
  return new RegExp(`${classOf(single, 0)}|${classOf(longer, 0)}(?=${classOf(longer, 1)})`, 'g')
}

const escapedUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`

const ENDS_IN_WORD = new RegExp(`[${WORD_CHARACTER}]$`, 'u')
const BEGINS_WITH_WORD = new RegExp(`^[${WORD_CHARACTER}]`, 'u')

const touchesWord = (text: string, start: number, end: number): boolean =>
  ENDS_IN_WORD.test(text.slice(Math.max(0, start - 2), start)) || BEGINS_WITH_WORD.test(text.slice(end, end + 2))
