/** From the texts of a request to the windows that the model reads, and from its logits to answers. */
import { Document } from '../inference/document.ts'
import type { SearchOptions } from '../inference/pipeline.ts'
import { toRows } from '../inference/rows.ts'
import type { Row } from '../models/pack.ts'
import type { RowLogits } from '../models/question-answering.ts'
import { type DocumentLogits, type ExampleAnswers, findAnswers } from '../squad/answers.ts'
import { noAnswerConfidence } from '../squad/confidence.ts'
import { type PipelineAnswer, pipelineAnswers } from '../squad/pipeline-answers.ts'
import type { Window } from '../squad/types.ts'
import type { WindowOptions } from '../squad/windows.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { AnswerResult } from './contract.ts'

/** A question, and which of the request's texts it is asked about. */
export interface Asked {
  readonly question: string
  readonly texts: readonly number[]
}

/** All that a request wants read: each text once, however many questions there are about it. */
export interface ReadingTask {
  readonly texts: readonly string[]
  readonly asked: readonly Asked[]
  readonly windows: WindowOptions
}

/** Python's scores, of one text. */
export interface PipelineScores {
  readonly top_k: number
  readonly max_answer_len: number
  readonly handle_impossible_answer: boolean
  readonly null_score_diff_threshold?: number
  readonly align_to_words: boolean
}

interface AskedDocument {
  readonly document: Document
  readonly windows: readonly Window[]
}

/** The texts of one request, tokenised. Answers may be asked for before all windows have been read. */
export class Reading {
  private readonly asked: readonly (readonly AskedDocument[])[]
  /** What the model reads, by question. */
  readonly rows: readonly Row[][]

  /** @throws SpanforgeError for a question that leaves no room for its text */
  constructor(tokenizer: BertTokenizer, { texts, asked, windows }: ReadingTask) {
    const documents = texts.map((context) => new Document(context, tokenizer, windows))
    this.asked = asked.map(({ question, texts }, index) =>
      texts.map((text) => {
        const document = documents[text]
        return { document, windows: document.windows(question, `${index}`) }
      }),
    )
    this.rows = this.asked.map((parts) => toRows(parts.flatMap((part) => part.windows)))
  }

  /** The answers to a question from the logits of its first windows, one at least. */
  answers(question: number, logits: readonly RowLogits[], options: SearchOptions): AnswerResult {
    const found = findAnswers(this.read(question, logits, options.align_to_words), options)
    const rows = this.rows[question].slice(0, logits.length)
    return {
      answers: found.candidates.map(({ answer, score, confidence, logit, start, end, document }) => {
        return { answer, score, confidence: confidence ?? null, logit, start, end, context: document }
      }),
      no_answer: noAnswer(found, options),
      windows: rows.length,
      tokens: rows.reduce((sum, { input_ids }) => sum + input_ids.length, 0),
    }
  }

  /** As the pipeline of transformers answers from one text, all of it read. */
  pipelineAnswers(question: number, logits: readonly RowLogits[], options: PipelineScores): PipelineAnswer[] {
    const [{ context, windows, words }] = this.read(question, logits, options.align_to_words) as [DocumentLogits]
    return pipelineAnswers(context, windows, logits, { ...options, words })
  }

  private read(question: number, logits: readonly RowLogits[], align_to_words = true): DocumentLogits[] {
    const documents: DocumentLogits[] = []
    let first = 0
    for (const { document, windows } of this.asked[question]) {
      const read = windows.slice(0, logits.length - first)
      if (read.length === 0) break
      const words = align_to_words ? document.words : undefined
      documents.push({
        context: document.context,
        windows: read,
        logits: logits.slice(first, first + read.length),
        words,
      })
      first += read.length
    }
    return documents
  }
}

/**
 * P(no answer) among all spans and no answer, whether "" may be an answer or not: the total over the spans is got back
 * from the best candidate, whose logit and probability are known.
 */
function noAnswer(
  { candidates, null_score, null_odds }: ExampleAnswers,
  options: SearchOptions,
): AnswerResult['no_answer'] {
  const threshold = options.null_score_diff_threshold ?? 0
  const [best] = candidates
  const total = best.score > 0 ? best.logit - Math.log(best.score) : -Infinity
  const logit = null_score - threshold
  const score = options.handle_impossible_answer ? Math.exp(logit - total) : 1 / (1 + Math.exp(total - logit))
  const confidence = options.confidence ? noAnswerConfidence(options.confidence, null_odds) : null
  return { score: best.score > 0 ? Math.min(1, score) : 1, confidence, null_score, odds: null_odds, threshold }
}
