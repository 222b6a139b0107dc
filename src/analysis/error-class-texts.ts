import type { ErrorClass } from './error-class.ts'

export interface ClassText {
  readonly title: string
  /** Explains which questions belong to the class, and what to do if there are many. */
  readonly explanation: string
}

export const classTexts: Readonly<Record<ErrorClass, ClassText>> = {
  correct: { title: 'Correct', explanation: 'An exact match at the position of a labeled answer.' },
  same_text_elsewhere: {
    title: 'Same text elsewhere',
    explanation: 'An exact match at another position in the text, so it may be right by chance.',
  },
  answered_without_answer: {
    title: 'Answered an unanswerable question',
    explanation:
      'The context contains no answer, but the model gave one. If there are many of these, lower ' +
      '--null_score_diff_threshold or fit it with --calibrate; the model answers "" if null score - best score is greater.',
  },
  label_doubtful: {
    title: 'Label probably wrong',
    explanation:
      'The labeled answer is not at its answer_start, differs from the prediction only in spelling, or shares no word ' +
      'with the other labeled answers. Check the data before the model.',
  },
  cut_by_window: {
    title: 'Cut by a window',
    explanation: 'No window contains the whole answer, so the model could not find it. A larger doc_stride fixes this.',
  },
  silent_with_answer: {
    title: 'No answer given',
    explanation:
      'The context contains the answer, but the model gave none. If there are many of these, raise ' +
      '--null_score_diff_threshold or fit it with --calibrate.',
  },
  too_wide: { title: 'Boundary too wide', explanation: 'The prediction contains the answer and more.' },
  too_narrow: { title: 'Boundary too narrow', explanation: 'The prediction is only part of the answer.' },
  overlapping: {
    title: 'Boundaries shifted',
    explanation: 'Prediction and answer overlap, but neither contains the other.',
  },
  same_sentence: {
    title: 'Elsewhere in the right sentence',
    explanation: 'The prediction is another part of the right sentence.',
  },
  right_kind_elsewhere: {
    title: 'Right kind, wrong place',
    explanation: 'The prediction is a date, number or name like the answer, but from another sentence.',
  },
  wrong_sentence: {
    title: 'Wrong sentence',
    explanation: 'The prediction is a different kind of text from another sentence.',
  },
}
