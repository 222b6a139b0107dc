import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { byteToken, utf8Bytes } from '../characters/byte-level.ts'
import type { Model, Pieces } from './pieces.ts'
import { PrefixTree } from './prefix-tree.ts'

/** The settings of a Unigram model, as in `model` of tokenizer.json. */
export interface UnigramModel {
  readonly type: 'Unigram'
  /** Log probability of each token, by ids. */
  readonly scores: readonly number[]
  /** Id of the token for characters that are not in the vocabulary. If it is null, such characters are an error. */
  readonly unk_id: number | null
  /**
   * Whether unknown characters become tokens for their bytes, such as `<0x0A>`, if all of them are in the vocabulary.
   */
  readonly byte_fallback: boolean
}

/** Difference in log probability between the least likely token and an unknown character. */
const UNKNOWN_PENALTY = 10

/** Unigram language model (Kudo 2018): finds the most likely segmentation of a word with Viterbi's algorithm. */
export class Unigram implements Model {
  private readonly tree: PrefixTree
  private readonly scores: Float64Array
  private readonly unknownScore: number
  /** The last token of the best segmentation up to each position: its log probability, start and id. */
  private bestScores = new Float64Array(64)
  private bestStarts = new Int32Array(64)
  private bestIds = new Int32Array(64)

  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly model: UnigramModel,
  ) {
    this.tree = new PrefixTree(vocabulary)
    this.scores = Float64Array.from(model.scores)
    this.unknownScore = model.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
  }

  pieces(word: string): Pieces {
    this.findBest(word)
    const { bestStarts, bestIds } = this
    const { unk_id } = this.model
    const ends: number[] = []
    for (let end = word.length; end > 0; end = bestStarts[end]) {
      // Unknown characters that follow one another are one token.
      const continues = ends.length > 0 && bestIds[end] === unk_id && bestIds[ends[ends.length - 1]] === unk_id
      if (!continues) ends.push(end)
    }
    const pieces = { ids: [] as number[], starts: [] as number[], ends: [] as number[] }
    let start = 0
    for (let i = ends.length - 1; i >= 0; i--) {
      const end = ends[i]
      if (bestIds[end] !== unk_id) pushPiece(pieces, bestIds[end], start, end)
      else for (const id of this.unknownIds(word.slice(start, end))) pushPiece(pieces, id, start, end)
      start = end
    }
    return pieces
  }

  private findBest(word: string): void {
    this.clear(word.length + 1)
    const { scores, tree, bestScores, bestIds } = this
    for (let start = 0; start < word.length; ) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1)
      const before = bestScores[start]
      let hasSingle = false
      let node = 0
      for (let at = start; at < word.length; ) {
        node = tree.next(node, word.charCodeAt(at++))
        if (node === 0) break
        const id = tree.tokenAt(node)
        if (id < 0) continue
        const score = before + scores[id]
        if (bestIds[at] === NONE || score > bestScores[at]) this.setBest(at, score, start, id)
        if (at === next) hasSingle = true
      }
      if (!hasSingle) {
        const { unk_id } = this.model
        if (unk_id === null) throw missingUnknown(word.slice(start, next))
        const score = before + this.unknownScore
        if (bestIds[next] === NONE || score > bestScores[next]) this.setBest(next, score, start, unk_id)
      }
      start = next
    }
  }

  private clear(places: number): void {
    if (places > this.bestIds.length || this.bestIds.length > MAX_KEPT) {
      const length = Math.max(64, 2 * places)
      this.bestScores = new Float64Array(length)
      this.bestStarts = new Int32Array(length)
      this.bestIds = new Int32Array(length)
    }
    this.bestScores[0] = 0
    this.bestIds.fill(NONE, 0, places)
  }

  private setBest(end: number, score: number, start: number, id: number): void {
    this.bestScores[end] = score
    this.bestStarts[end] = start
    this.bestIds[end] = id
  }

  /** Returns the tokens for characters that are not in the vocabulary: those of their bytes, or the unknown token. */
  private unknownIds(piece: string): readonly number[] {
    const { byte_fallback, unk_id } = this.model
    const known = this.vocabulary.get(piece)
    if (known !== undefined) return [known]
    const bytes = byte_fallback
      ? Array.from(utf8Bytes(piece), (byte) => this.vocabulary.get(byteToken(byte)))
      : [undefined]
    if (!bytes.includes(undefined)) return bytes as number[]
    if (unk_id === null) throw missingUnknown(piece)
    return [unk_id]
  }
}

/** Marks positions without a known segmentation. */
const NONE = -1

/** Arrays for longer words are not reused. */
const MAX_KEPT = 8192

function pushPiece(
  { ids, starts, ends }: Record<keyof Pieces, number[]>,
  id: number,
  start: number,
  end: number,
): void {
  ids.push(id)
  starts.push(start)
  ends.push(end)
}

const missingUnknown = (piece: string): SpanforgeError =>
  new SpanforgeError(`tokenizer: the vocabulary cannot spell ${showValue(piece, 60)} and has no unk_id`, {
    remedy: 'Use the vocabulary that the model was trained with.',
  })
