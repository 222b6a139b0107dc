import { SpanforgeError } from '../errors.ts'
import { type AddedToken, AddedTokenFinder } from './added-tokens.ts'
import { isSameToken, type NewToken } from './special-tokens.ts'

/** Far above the special tokens and the terms of a field that models are extended by. */
const MAX_ADDED = 2 ** 17

/**
 * The tokens added to a model's vocabulary, as `AddedVocabulary` of the tokenizers library 0.22 keeps them: a token that
 * the vocabulary has keeps its id, any other gets the next one, whatever id its file states; a token added again takes
 * the switches of the later one.
 */
export class AddedVocabulary {
  private readonly batches: NewToken[][] = []
  private count = 0
  private highest = -1
  private readonly ids = new Map<string, number>()
  private readonly byId = new Map<number, AddedToken>()
  private readonly special = new Map<string, AddedToken>()
  private readonly others: AddedToken[] = []

  /** `vocabulary` is the model's own: the ids of its tokens; `size`, how many it has, counting each as often as it comes. */
  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly size = vocabulary.size,
  ) {}

  /**
   * Adds tokens in one batch. New ids follow the highest one that an earlier batch added, so in a vocabulary with gaps
   * between its ids the batches decide which ids are given, even if another token has them.
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

  /** What was added, batch by batch. */
  get additions(): readonly (readonly NewToken[])[] {
    return this.batches
  }

  /** The id of a token, added or of the model. */
  id(content: string): number | undefined {
    return this.ids.get(content) ?? this.vocabulary.get(content)
  }

  /** What the tokens look like, in the order in which they were added. */
  get contents(): Iterable<string> {
    return this.ids.keys()
  }

  get(id: number): AddedToken | undefined {
    return this.byId.get(id)
  }

  /** The tokens as they are now, by their ids. */
  get tokens(): AddedToken[] {
    const tokens = [...this.byId.values()].map((token) => ({ ...token, special: this.special.has(token.content) }))
    return tokens.sort((a, b) => a.id - b.id)
  }

  isSpecial(id: number): boolean {
    const token = this.byId.get(id)
    return token !== undefined && this.special.has(token.content)
  }

  /**
   * Finds those tokens that are looked for in the text as written, or in normalized text; `contentOf` is what to look
   * for. Special tokens come first: where two look for the same, the first is found.
   */
  finder(normalized: boolean, contentOf: (content: string) => string): AddedTokenFinder {
    const wanted = [...this.special.values(), ...this.others].filter((token) => token.normalized === normalized)
    return new AddedTokenFinder(wanted.map((token) => [contentOf(token.content), this.byId.get(token.id)!]))
  }
}
