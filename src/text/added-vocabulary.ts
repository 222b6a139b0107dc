import { SpanforgeError } from '../errors.ts'
import { type AddedToken, AddedTokenFinder } from './added-tokens.ts'
import { isSameToken, type NewToken } from './special-tokens.ts'

/** Well above the number of special tokens and domain terms that are added to models. */
const MAX_ADDED = 2 ** 17

/**
 * The tokens added to a model's vocabulary, like `AddedVocabulary` in the tokenizers library 0.22: a token that is in
 * the vocabulary keeps its id, and any other token gets the next id, regardless of the id in its file. If a token is
 * added twice, the later options apply.
 */
export class AddedVocabulary {
  private readonly batches: NewToken[][] = []
  private count = 0
  private highest = -1
  private readonly ids = new Map<string, number>()
  private readonly byId = new Map<number, AddedToken>()
  private readonly special = new Map<string, AddedToken>()
  private readonly others: AddedToken[] = []

  /**
   * `vocabulary` maps the tokens of the model to their ids. `size` is the number of its entries, including repeated
   * ones.
   */
  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly size = vocabulary.size,
  ) {}

  /**
   * Adds tokens as one batch. New ids follow the highest id added by earlier batches, so in a vocabulary with gaps, the
   * batches determine the ids, even if another token already has the same id.
   */
  add(tokens: readonly NewToken[]): void {
    if (this.count + tokens.length > MAX_ADDED)
      throw new SpanforgeError(`tokenizer: found more than ${MAX_ADDED.toLocaleString('en-US')} added tokens`, {
        remedy: 'Download the files of the tokenizer again.',
      })
    this.count += tokens.length
    this.batches.push([...tokens])
    const special = new Set(tokens.filter((token) => token.special).map(({ content }) => content))
    const known = new Map<string, NewToken[]>()
    for (const token of this.byId.values()) known.set(token.content, [token])
    let next = Math.max(this.size, this.highest + 1)
    for (const token of tokens) {
      const versions = known.get(token.content) ?? []
      if (token.content === '' || versions.some((version) => isSameToken(version, token))) continue
      known.set(token.content, [...versions, token])
      const added = { id: this.id(token.content) ?? next++, ...token }
      this.ids.set(token.content, added.id)
      this.byId.set(added.id, added)
      this.highest = Math.max(this.highest, added.id)
      if (this.special.has(token.content)) continue
      if (token.special) this.special.set(token.content, added)
      else if (!special.has(token.content)) this.others.push(added)
    }
  }

  /** The added tokens, in their batches. */
  get additions(): readonly (readonly NewToken[])[] {
    return this.batches
  }

  /** Returns the id of an added token or of a token of the model. */
  id(content: string): number | undefined {
    return this.ids.get(content) ?? this.vocabulary.get(content)
  }

  /** The contents of the tokens, in the order in which they were added. */
  get contents(): Iterable<string> {
    return this.ids.keys()
  }

  get(id: number): AddedToken | undefined {
    return this.byId.get(id)
  }

  /** The tokens with their current options, by id. */
  get tokens(): AddedToken[] {
    const tokens = [...this.byId.values()].map((token) => ({ ...token, special: this.special.has(token.content) }))
    return tokens.sort((a, b) => a.id - b.id)
  }

  isSpecial(id: number): boolean {
    const token = this.byId.get(id)
    return token !== undefined && this.special.has(token.content)
  }

  /**
   * Creates a finder of the tokens that are matched in the original text, or of those matched in normalized text.
   * `contentOf` returns the string to search for. Special tokens come first, so they win if two tokens have the same
   * string.
   */
  finder(normalized: boolean, contentOf: (content: string) => string): AddedTokenFinder {
    const wanted = [...this.special.values(), ...this.others].filter((token) => token.normalized === normalized)
    return new AddedTokenFinder(wanted.map((token) => [contentOf(token.content), this.byId.get(token.id)!]))
  }
}
