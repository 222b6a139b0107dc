import { type AlignedText, mapCharacters } from '../characters/aligned-text.ts'
import { decompose, isChinese, isDropped, isNonspacingMark, isWhitespace } from '../characters/unicode.ts'

/** The switches of BERT's normalizer, as in the `normalizer` of a tokenizer.json. */
export interface NormalizerOptions {
  readonly clean_text: boolean
  readonly handle_chinese_chars: boolean
  /** null: as `lowercase`. */
  readonly strip_accents: boolean | null
  readonly lowercase: boolean
}

/**
 * BERT's text normalization, as `BertNormalizer` of the tokenizers library: control characters dropped, white space
 * made plain spaces, ideographs set between spaces, accents stripped (NFD without nonspacing marks), lower case; each
 * character for itself, so that where it came from is known.
 */
export class BertNormalizer {
  private readonly expansions = new Map<number, string>()

  constructor(readonly options: NormalizerOptions) {}

  normalize(input: AlignedText): AlignedText {
    return mapCharacters(input, (codePoint) => this.expand(codePoint))
  }

  /** What stands for a character in the normalized text: nothing, itself, or several characters. */
  private expand(codePoint: number): string {
    let expansion = this.expansions.get(codePoint)
    if (expansion === undefined) {
      expansion = expand(codePoint, this.options)
      this.expansions.set(codePoint, expansion)
    }
    return expansion
  }
}

function expand(codePoint: number, options: NormalizerOptions): string {
  const { clean_text, handle_chinese_chars, lowercase, strip_accents } = options
  if (clean_text && WHITE.has(codePoint)) return ' '
  if (clean_text && isDropped(codePoint)) return ''
  if (clean_text && isWhitespace(codePoint)) return ' '
  let characters = [codePoint]
  if (strip_accents ?? lowercase)
    characters = codePointsOf(decompose(codePoint)).filter((character) => !isNonspacingMark(character))
  let text = String.fromCodePoint(...characters)
  // One by one: a whole word would turn a final capital sigma into another letter than BERT's.
  if (lowercase) text = characters.map((character) => String.fromCodePoint(character).toLowerCase()).join('')
  return handle_chinese_chars && isChinese(codePoint) ? ` ${text} ` : text
}

/** Control characters that BERT takes for white space: tab, line feed, carriage return. */
const WHITE = new Set([0x09, 0x0a, 0x0d])

const codePointsOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!)
