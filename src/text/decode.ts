/**
 * Text of tokens, as the WordPiece decoder of the tokenizers library: `##` pieces joined to what stands before, a space
 * before every other token but the marks below.
 */
export function joinTokens(tokens: readonly string[]): string {
  return tokens
    .map((token, i) => {
      const spaced = i === 0 ? token : token.startsWith('##') ? token.slice(2) : ` ${token}`
      return withoutSpacesBeforeMarks(spaced).replaceAll(' do not', " don't")
    })
    .join('')
}

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
