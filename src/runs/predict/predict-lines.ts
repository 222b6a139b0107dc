import { answersFrom, type CutPassages, type IndexAnswer } from '../../search/passage-reader.ts'
import { type AnswerOptions, findAnswers } from '../../squad/answers/answers.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { Document } from '../../squad/document.ts'
import { type PipelineAnswerOptions, pipelineAnswers } from '../../squad/python/pipeline-answers.ts'
import { postprocessRunQa, type RunQaCandidate } from '../../squad/python/postprocess-run-qa.ts'
import { CodePoints } from '../../squad/reading/code-points.ts'
import type { Window } from '../../squad/types.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'

export interface LineOptions extends AnswerOptions {
  readonly postprocess: 'exact' | 'pipeline' | 'run_qa'
  readonly align_to_words?: boolean
  readonly n_best_size: number
}

/** An answer as it appears in the output. */
interface LineAnswer {
  readonly answer: string
  readonly score: number
  readonly confidence?: number | null
  /** In UTF-16 code units, as in JavaScript and Java strings. */
  readonly start: number
  readonly end: number
  /** In code points, as in SQuAD and in Python strings; missing for an empty answer. */
  readonly answer_start?: number
}

/** The entries of one question in run_qa's three files. */
export interface RunQaLine {
  readonly id: string
  readonly prediction: string
  readonly nbest: readonly RunQaCandidate[]
  readonly null_odds?: number
}

interface Read {
  readonly id: string
  readonly question: string
  readonly document: Document
  readonly windows: readonly Window[]
  readonly logits: readonly WindowLogits[]
}

/** An answer from an index as it appears in the output, with its document, page and headings. */
export const indexAnswerFields = ({ answer, score, confidence, start, end, source }: IndexAnswer) => ({
  answer,
  score,
  ...(confidence !== undefined && { confidence }),
  start,
  end,
  ...(source && {
    document: source.document.name,
    ...(source.page !== undefined && { page: source.page }),
    headings: source.headings,
  }),
})

/** The output line of a question that was answered from an index. */
export function indexLine(
  id: string,
  found: CutPassages,
  logits: readonly WindowLogits[],
  options: LineOptions,
): object {
  const { answers: own, null_odds } = answersFrom(found, logits, options)
  const answers = own.map(indexAnswerFields)
  const several = (options.top_k ?? 1) > 1
  const odds = options.handle_impossible_answer && null_odds !== undefined ? { null_odds } : {}
  return { id, ...answers[0], ...odds, ...(several && { answers }) }
}

/** Returns a function that makes the output line of a question: its best answer and, if top_k exceeds 1, all answers. */
export function lineMaker(
  options: LineOptions,
  { cls_token_id }: Pick<Tokenizer, 'cls_token_id'>,
): (read: Read) => object {
  let counted: { readonly document: Document; readonly codePoints: CodePoints } | undefined
  const withCodePoints = (document: Document, answers: readonly Omit<LineAnswer, 'answer_start'>[]): LineAnswer[] => {
    if (counted?.document !== document) counted = { document, codePoints: new CodePoints(document.context) }
    const { codePoints } = counted
    return answers.map((answer) =>
      answer.answer === '' ? answer : { ...answer, answer_start: codePoints.fromUtf16(answer.start) },
    )
  }
  return (read) => {
    const { id, document } = read
    if (options.postprocess === 'run_qa') return runQaLine(read, options)
    const { found, null_odds } =
      options.postprocess === 'pipeline'
        ? asPipeline(read, { ...options, cls_token_id: cls_token_id ?? null })
        : exact(read, options)
    const answers = withCodePoints(document, found)
    const several = (options.top_k ?? 1) > 1
    return { id, ...answers[0], ...(null_odds !== undefined && { null_odds }), ...(several && { answers }) }
  }
}

function exact({ document, windows, logits }: Read, options: LineOptions) {
  const words = options.align_to_words === false ? undefined : document.words
  const { candidates, null_odds } = findAnswers([{ context: document.context, windows, logits, words }], options)
  const found = candidates.map(({ answer, score, confidence, start, end }) => ({
    answer,
    score,
    ...(confidence !== undefined && { confidence }),
    start,
    end,
  }))
  return { found, ...(options.handle_impossible_answer && { null_odds }) }
}

function asPipeline(
  { document, windows, logits }: Read,
  options: LineOptions & Pick<PipelineAnswerOptions, 'cls_token_id'>,
) {
  const words = options.align_to_words === false ? undefined : document.words
  const asked = { ...options, max_answer_len: options.max_answer_length, words }
  const found = pipelineAnswers(document.context, windows, logits, asked)
  return { found: found.map(({ answer, score, start, end }) => ({ answer, score, start, end })), null_odds: undefined }
}

function runQaLine({ id, question, document: { context }, windows, logits }: Read, options: LineOptions): RunQaLine {
  const own = windows.map((window) => ({ ...window, example: 0 }))
  const { predictions, nbest_predictions, null_odds } = postprocessRunQa(
    [{ id, question, context, answers: [] }],
    own,
    logits,
    { ...options, version_2_with_negative: options.handle_impossible_answer },
  )
  return {
    id,
    prediction: predictions.get(id)!,
    nbest: nbest_predictions.get(id)!,
    ...(null_odds && { null_odds: null_odds.get(id) }),
  }
}
