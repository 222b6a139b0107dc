import { type AlignedText, applyChanges, mapCharacters } from '../characters/aligned-text.ts'
import { decompose, isChinese, isDropped, isNonspacingMark, isWhitespace } from '../characters/unicode.ts'
import { decomposed, isReordered } from '../characters/unicode-forms.ts'

/** Options of BERT's normalizer, as in the `normalizer` of tokenizer.json. */
export interface NormalizerOptions {
  readonly clean_text: boolean
  readonly handle_chinese_chars: boolean
  /** null: as `lowercase`. */
  readonly strip_accents: boolean | null
  readonly lowercase: boolean
}

/**
 * BERT's text normalization, like `BertNormalizer` in the tokenizers library: removes control characters, replaces
 * whitespace by spaces, puts spaces around ideographs, strips accents (NFD without nonspacing marks) and converts to
 * lower case. In almost all texts, each character can be processed independently.
 */
export class BertNormalizer {
  private readonly expansions = new Map<number, string>()

  constructor(readonly options: NormalizerOptions) {}

  normalize(input: AlignedText): AlignedText {
    const output = mapCharacters(input, (codePoint) => this.expand(codePoint))
    return stripsAccents(this.options) && hasReorderedMark(output.text) ? this.normalizeInSteps(input) : output
  }

  /** The general case, in which NFD reorders marks, so that a mark can have the position of another one. */
  private normalizeInSteps(input: AlignedText): AlignedText {
    const cleaned = mapCharacters(input, (codePoint) => clean(codePoint, this.options))
    const inOrder = applyChanges(cleaned, decomposed(cleaned.text, 'NFD'))
    return mapCharacters(inOrder, (codePoint) => fold(codePoint, this.options))
  }

  /** Returns the normalized form of a character: nothing, itself, or several characters. */
  private expand(codePoint: number): string {
    let expansion = this.expansions.get(codePoint)
    if (expansion === undefined) {
      expansion = expand(codePoint, this.options)
      this.expansions.set(codePoint, expansion)
    }
    return expansion
  }
}

const expand = (codePoint: number, options: NormalizerOptions): string =>
  Array.from(clean(codePoint, options), (character) => fold(character.codePointAt(0)!, options)).join('')

function clean(codePoint: number, { clean_text, handle_chinese_chars }: NormalizerOptions): string {
  if (clean_text && WHITE.has(codePoint)) return ' '
  if (clean_text && isDropped(codePoint)) return ''
  if (clean_text && isWhitespace(codePoint)) return ' '
  const character = String.fromCodePoint(codePoint)
  return handle_chinese_chars && isChinese(codePoint) ? ` ${character} ` : character
}

/** Strips accents and converts a character to lower case, depending on the options. */
function fold(codePoint: number, options: NormalizerOptions): string {
  const written = stripsAccents(options) ? decompose(codePoint) : String.fromCodePoint(codePoint)
  // One by one: a whole word would turn a final capital sigma into another letter than BERT's.
  return Array.from(written, (character) => {
    if (stripsAccents(options) && isNonspacingMark(character.codePointAt(0)!)) return ''
    return options.lowercase ? character.toLowerCase() : character
  }).join('')
}

const stripsAccents = ({ lowercase, strip_accents }: NormalizerOptions): boolean => strip_accents ?? lowercase

/**
 * Whether a text without nonspacing marks contains a mark that NFD moves. These are some spacing marks and marks newer
 * than Unicode 8.
 */
const hasReorderedMark = (text: string): boolean =>
  Array.from(text.matchAll(/\p{M}/gu), ([mark]) => mark).some(isReordered)

/** Control characters that BERT treats as whitespace: tab, line feed and carriage return. */
const WHITE = new Set([0x09, 0x0a, 0x0d])
