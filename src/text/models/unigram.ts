import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { byteToken, utf8Bytes } from '../characters/byte-level.ts'
import type { Model, Pieces } from './pieces.ts'
import { PrefixTree } from './prefix-tree.ts'

/** The settings of a Unigram model, as `model` of a tokenizer.json has them. */
export interface UnigramModel {
  readonly type: 'Unigram'
  /** Log probability of each token, by ids. */
  readonly scores: readonly number[]
  /** Id of the token for characters that the vocabulary does not have; null: such characters are an error. */
  readonly unk_id: number | null
  /** Whether unknown characters are written as tokens for their bytes, `<0x0A>`, if the vocabulary has all of them. */
  readonly byte_fallback: boolean
}

/** How much less likely than the least likely token an unknown character is. */
const UNKNOWN_PENALTY = 10

/** The best way to cut a word up to a place. */
interface Step {
  readonly score: number
  readonly start: number
  readonly id: number
}

/** Unigram language model (Kudo 2018): of all ways to cut a word, the most likely, found by Viterbi's algorithm. */
export class Unigram implements Model {
  private readonly tree: PrefixTree
  private readonly unknownScore: number

  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly model: UnigramModel,
  ) {
    this.tree = new PrefixTree(vocabulary)
    this.unknownScore = model.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
  }

  pieces(word: string): Pieces {
    const ids: number[] = []
    const starts: number[] = []
    const ends: number[] = []
    for (const [start, end] of this.cut(word))
      for (const id of this.idsOf(word.slice(start, end))) {
        ids.push(id)
        starts.push(start)
        ends.push(end)
      }
    return { ids, starts, ends }
  }

  /** Where the tokens of a word start and end; unknown ones that follow one another are one. */
  private cut(word: string): [start: number, end: number][] {
    const best = this.bestSteps(word)
    const ranges: [number, number][] = []
    let isUnknown = false
    for (let end = word.length; end > 0; ) {
      const { start, id } = best[end]!
      const wasUnknown = isUnknown
      isUnknown = id === this.model.unk_id
      if (isUnknown && wasUnknown) ranges[ranges.length - 1][0] = start
      else ranges.push([start, end])
      end = start
    }
    return ranges.reverse()
  }

  private bestSteps(word: string): (Step | undefined)[] {
    const { scores, unk_id } = this.model
    const best: (Step | undefined)[] = Array.from({ length: word.length + 1 })
    for (let start = 0; start < word.length; ) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1)
      const before = best[start]?.score ?? 0
      const offer = (end: number, score: number, id: number): void => {
        const known = best[end]
        if (!known || before + score > known.score) best[end] = { score: before + score, start, id }
      }
      let hasSingle = false
      this.tree.forEachPrefix(word, start, (end, id) => {
        offer(end, scores[id], id)
        hasSingle ||= end === next
      })
      if (!hasSingle) {
        if (unk_id === null) throw missingUnknown(word.slice(start, next))
        offer(next, this.unknownScore, unk_id)
      }
      start = next
    }
    return best
  }

  /** The token of a piece, or those of its bytes, or the unknown one. */
  private idsOf(piece: string): readonly number[] {
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

const missingUnknown = (piece: string): SpanforgeError =>
  new SpanforgeError(`tokenizer: the vocabulary cannot spell ${showValue(piece, 60)} and has no unk_id`, {
    remedy: 'Use the vocabulary that the model was trained with.',
  })
