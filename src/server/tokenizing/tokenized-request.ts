/** Plans the windows of a request's texts, and finds answers from the model's logits. */

import type { PipelineOptions, SearchOptions } from '../../inference/pipeline.ts'
import { type DocumentLogits, type ExampleAnswers, findAnswers } from '../../squad/answers/answers.ts'
import { noAnswerConfidence } from '../../squad/answers/confidence.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import { Document } from '../../squad/document.ts'
import { type PipelineAnswer, pipelineAnswers } from '../../squad/python/pipeline-answers.ts'
import { planTokens } from '../../squad/window-plan.ts'
import type { Tokens } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { AnswerResult } from '../http/contract.ts'
import { AnswerSize, tooManyWindows } from './limits.ts'
import type { TokenizingTask } from './tokenizing-task.ts'
import type { PlannedText, RowPlan } from './window-rows.ts'

/** Maximum characters of all answer candidates to one question, far more than ordinary prose has. */
const MAX_COMPARED = 100_000_000

interface PlannedQuestion {
  readonly tokens: Tokens
  readonly parts: readonly PlannedText[]
  readonly priors?: readonly number[]
}

/** The tokenized texts of one request. Answers are available before all windows have been read. */
export class TokenizedRequest {
  private constructor(
    private readonly documents: readonly Document[],
    private readonly questions: readonly PlannedQuestion[],
    private readonly cls_token_id: number | null,
  ) {}

  /**
   * Tokenizes each text and question once, in steps of a few milliseconds, and counts the windows.
   * @throws SpanforgeError if a question leaves no room for its text; HttpProblem 422 if there are too many windows
   */
  static *steps(tokenizer: Tokenizer, task: TokenizingTask): Generator<void, TokenizedRequest> {
    const documents: Document[] = []
    for (const text of task.texts) {
      const encoding = yield* tokenizer.encodeSteps(text)
      yield
      documents.push(new Document(text, tokenizer, task.windows, encoding))
    }
    const questions: PlannedQuestion[] = []
    for (const [index, { question, texts, priors }] of task.asked.entries()) {
      const tokens = documents[texts[0]].encodeQuestion(question)
      const parts = texts.map((text) => ({ text, plan: documents[text].plan(tokens, `${index}`) }))
      questions.push({ tokens, parts, priors })
      yield
    }
    const windows = questions.reduce((sum, { parts }) => parts.reduce((n, { plan }) => n + plan.count, sum), 0)
    if (windows > task.max_windows) throw tooManyWindows(windows, task)
    return new TokenizedRequest(documents, questions, tokenizer.cls_token_id ?? null)
  }

  /** The windows that the model must read. */
  get plan(): RowPlan {
    return {
      layout: this.documents[0].layout,
      texts: this.documents.map(({ tokens }) => tokens.ids),
      questions: this.questions.map(({ tokens, parts }) => ({ ids: tokens.ids, parts })),
    }
  }

  /**
   * Finds the answers to a question from the logits of its first windows, of which there must be at least one.
   * @throws HttpProblem 422 if the answers have too many characters
   */
  answers(question: number, logits: readonly WindowLogits[], options: SearchOptions): AnswerResult {
    const read = this.read(question, logits, options.align_to_words)
    const found = findAnswers(read, options)
    new AnswerSize().add(found.candidates)
    return {
      answers: found.candidates.map(({ answer, score, confidence, logit, start, end, document }) => {
        return { answer, score, confidence: confidence ?? null, logit, start, end, context: document }
      }),
      no_answer: noAnswer(found, options),
      windows: logits.length,
      tokens: read.reduce((sum, { plan, windows }) => sum + planTokens(plan, windows.length), 0),
    }
  }

  /**
   * Finds the answers that the transformers pipeline would return. Requires a single text whose windows have all been
   * read.
   * @throws HttpProblem 422 if the answers have too many characters
   */
  pipelineAnswers(question: number, logits: readonly WindowLogits[], options: PipelineOptions): PipelineAnswer[] {
    const [{ context, windows, words }] = this.read(question, logits, options.align_to_words)
    const { cls_token_id } = this
    const asked = { ...options, words, cls_token_id, max_characters: MAX_COMPARED }
    const answers = pipelineAnswers(context, windows, logits, asked)
    new AnswerSize().add(answers)
    return answers
  }

  private read(question: number, logits: readonly WindowLogits[], align_to_words = true): ReadText[] {
    const { tokens, parts, priors } = this.questions[question]
    const read: ReadText[] = []
    let first = 0
    for (const [part, { text, plan }] of parts.entries()) {
      const count = Math.min(plan.count, logits.length - first)
      if (count === 0) break
      const document = this.documents[text]
      read.push({
        plan,
        context: document.context,
        windows: document.cut(tokens, plan, count),
        logits: logits.slice(first, first + count),
        words: align_to_words ? document.words : undefined,
        prior: priors?.[part],
      })
      first += count
    }
    return read
  }
}

type ReadText = DocumentLogits & Pick<PlannedText, 'plan'>

/**
 * P(no answer) relative to all spans, whether "" is allowed as an answer or not. The sum over all spans is recovered
 * from the logit and the probability of the best candidate.
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
