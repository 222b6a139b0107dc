import { type Component, Fields, lookUp } from './fields.ts'

/** Makes a text of tokens. */
export type Decode = (tokens: readonly string[]) => string

/** The function that a `decoder` of tokenizer.json describes; without one, spaces stand between tokens. */
export function buildDecoder(component: Component | null, place: string): Decode {
  if (component === null) return (tokens) => tokens.join(' ')
  return lookUp(DECODERS, component.type, `${place}.type`, 'decoder')(Fields.of(component, place))
}

const DECODERS: Readonly<Record<string, (fields: Fields) => Decode>> = {
  WordPiece: (fields) => {
    const [prefix, cleanup] = [fields.string('prefix'), fields.boolean('cleanup')]
    return (tokens) =>
      tokens
        .map((token, i) => withoutPrefix(token, i, prefix))
        .map(cleanup ? cleaned : String)
        .join('')
  },
}

/** A token that continues a word is joined to the one before; a space stands before every other token. */
const withoutPrefix = (token: string, index: number, prefix: string): string =>
  index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`

const cleaned = (token: string): string => withoutSpacesBeforeMarks(token).replaceAll(' do not', " don't")

const CONTRACTIONS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
]

/** transformers' `clean_up_tokenization`, for English. */
export function withoutSpacesBeforeMarks(text: string): string {
  return CONTRACTIONS.reduce((cleaned, [spaced, joined]) => cleaned.replaceAll(spaced, joined), text)
}
