import { fitConfidence } from '../analysis/fit-confidence.ts'
import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import { type Evaluation, scorePredictions } from '../inference/evaluate.ts'
import { type AnswerOptions, answerExamples } from '../squad/answers.ts'
import type { Dataset } from '../squad/dataset.ts'
import { tuneThreshold } from '../squad/no-answer-threshold.ts'
import { displayName } from './load-model.ts'

type FittedWith = Pick<
  AnswerSettings,
  'version_2_with_negative' | 'max_answer_length' | 'max_seq_length' | 'doc_stride'
> & { readonly data: string }

/** Settings, and the confidence that each question's best answer has with them. */
export interface FittedSettings {
  readonly settings: Required<AnswerSettings>
  readonly confidences: readonly number[]
  readonly correct: readonly boolean[]
}

/**
 * What to store with a model, found on an evaluation of it: with version 2 first the threshold at which F1 is best,
 * then the temperature at which the confidences of the answers at that threshold are true (Guo et al. 2017).
 */
export function fitSettings(
  { examples, windows }: Dataset,
  { logits }: Pick<Evaluation, 'logits'>,
  fittedWith: FittedWith,
): FittedSettings {
  const { version_2_with_negative, max_answer_length, max_seq_length, doc_stride, data } = fittedWith
  const answersWith = (options: AnswerOptions) => answerExamples(examples, windows, logits, options)
  const scoresOf = (answers: ReturnType<typeof answersWith>) => {
    const predictions = new Map(examples.map(({ id }, i) => [id, answers[i].candidates[0].answer]))
    const odds = new Map(examples.map(({ id }, i) => [id, answers[i].null_odds]))
    return scorePredictions(examples, predictions, version_2_with_negative ? odds : undefined).scores
  }
  const spoken = answersWith({ max_answer_length })
  const null_score_diff_threshold = version_2_with_negative
    ? tuneThreshold(
        scoresOf(spoken).map(({ f1 }, i) => ({
          no_answer_score: spoken[i].null_odds,
          has_answer: examples[i].answers.length > 0,
          score: f1,
        })),
      )
    : 0
  const options = {
    max_answer_length,
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold,
  }
  const final = version_2_with_negative ? answersWith(options) : spoken
  const correct = scoresOf(final).map(({ exact_match }) => exact_match === 1)
  const { temperature, confidences } = fitConfidence(examples, windows, logits, correct, options)
  const settings = {
    version_2_with_negative,
    null_score_diff_threshold,
    temperature,
    max_answer_length,
    max_seq_length,
    doc_stride,
    fitted_on: { data: displayName(data), questions: examples.length },
  }
  return { settings, confidences, correct }
}
