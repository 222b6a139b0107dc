/** Answers questions from the passages that an index finds for them. */

import type { SearchOptions } from '../inference/pipeline.ts'
import { type WindowNames, windowingPlan } from '../inference/pipeline-options.ts'
import { streamLogits } from '../inference/stream-logits.ts'
import type { SpanModel } from '../models/span-model.ts'
import { type AnswerCandidate, findAnswers } from '../squad/answers/answers.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import { Document } from '../squad/document.ts'
import type { Window } from '../squad/types.ts'
import type { WindowOptions } from '../squad/windows.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { FoundPassage, PassageSearch, PassageSearchOptions } from './passage-search.ts'
import { PASSAGES_READ } from './schema.ts'
import { type AnswerSource, placed, priorsOf } from './sources.ts'

/** An answer whose `start` and `end` are UTF-16 offsets in the text of its document; 0 for "". */
export interface IndexAnswer extends Omit<AnswerCandidate, 'document' | 'start_logit' | 'end_logit'> {
  /** Missing for "". */
  readonly source?: AnswerSource
}

export interface IndexAnswers {
  readonly question: string
  /** Best first, never empty: if no passage was found, the only answer is "" with score 0. */
  readonly answers: readonly IndexAnswer[]
  /** Missing if no passage was found. */
  readonly null_odds?: number
  /** The passages that were read, most relevant first. */
  readonly passages: readonly FoundPassage[]
}

export interface IndexAnswerOptions extends SearchOptions, Pick<PassageSearchOptions, 'documents'> {
  /** Number of passages that the model reads (default: 5). */
  readonly passages?: number
}

/** The passages that were found for a question, cut into windows for it. */
export interface CutPassages {
  readonly question: string
  readonly passages: readonly FoundPassage[]
  readonly read: readonly { readonly document: Document; readonly windows: readonly Window[] }[]
  /** All windows, in the order of the passages. */
  readonly windows: readonly Window[]
}

/** Passages whose tokens are kept, because questions about the same subject find the same ones. */
const MAX_KEPT = 500

/** Finds passages and cuts them into windows. */
export class PassageReader {
  private readonly kept = new Map<number, Document>()

  constructor(
    private readonly index: PassageSearch,
    private readonly tokenizer: Tokenizer,
    private readonly windows: WindowOptions,
    private readonly options: PassageSearchOptions,
  ) {}

  /**
   * `id` identifies the question in errors.
   * @throws SpanforgeError if the question leaves no room for a passage
   */
  cut(question: string, id: string): CutPassages {
    const { passages: max = PASSAGES_READ, documents } = this.options
    const passages = this.index.search(question, { passages: max, documents })
    const read = passages.map((passage) => {
      const document = this.documentOf(passage)
      return { document, windows: document.windows(question, id) }
    })
    return { question, passages, read, windows: read.flatMap(({ windows }) => windows) }
  }

  private documentOf({ id, text }: FoundPassage): Document {
    const known = this.kept.get(id) ?? new Document(text, this.tokenizer, this.windows)
    this.kept.delete(id)
    this.kept.set(id, known)
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value!)
    return known
  }
}

/**
 * Finds the best answers in all passages together. The probability of a span is that of its passage times that of the
 * span among all spans of the passage and "no answer".
 */
export function answersFrom(
  { question, passages, read }: CutPassages,
  logits: readonly WindowLogits[],
  options: SearchOptions,
): IndexAnswers {
  if (passages.length === 0) return { question, passages, answers: [NOTHING] }
  let first = 0
  const priors = priorsOf(passages)
  const documents = read.map(({ document, windows }, passage) => {
    const own = logits.slice(first, first + windows.length)
    first += windows.length
    const words = options.align_to_words === false ? undefined : document.words
    return { context: document.context, windows, logits: own, words, prior: priors[passage] }
  })
  const { candidates, null_odds } = findAnswers(documents, options)
  const answers = candidates.map(({ document, start_logit: _start, end_logit: _end, ...candidate }) =>
    placed(candidate, passages, document),
  )
  return { question, passages, answers, null_odds }
}

const NOTHING: IndexAnswer = { answer: '', score: 0, logit: 0, start: 0, end: 0 }

/**
 * Answers each question from the passages of an index that fit it best. Probabilities are over all spans of these
 * passages and weigh the relevance of each passage.
 * @throws UsageError if an option is out of range
 * @throws SpanforgeError if a question leaves no room for a passage
 */
export async function* answerFromIndex(
  model: SpanModel,
  tokenizer: Tokenizer,
  index: PassageSearch,
  questions: Iterable<string> | AsyncIterable<string>,
  options: IndexAnswerOptions & WindowNames = {},
): AsyncGenerator<IndexAnswers> {
  const plan = windowingPlan(tokenizer, model.geometry, options)
  const reader = new PassageReader(index, tokenizer, plan.windows, options)
  async function* cut() {
    let i = 0
    for await (const question of questions) yield reader.cut(question, `${i++}`)
  }
  for await (const item of streamLogits(model, cut(), plan.forward)) yield answersFrom(item, item.logits, options)
}
