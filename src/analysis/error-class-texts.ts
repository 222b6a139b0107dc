import type { ErrorClass } from './error-class.ts'

export interface ClassText {
  readonly title: string
  /** Which questions belong to the class, and what to do if there are many. */
  readonly explanation: string
}

export const classTexts: Readonly<Record<ErrorClass, ClassText>> = {
  correct: { title: 'Correct', explanation: 'An exact match at the place of a labelled answer.' },
  same_text_elsewhere: {
    title: 'Same text elsewhere',
    explanation: 'Counts as an exact match, but at another place in the text: perhaps right by luck.',
  },
  answered_without_answer: {
    title: 'Answered without an answer',
    explanation:
      'The context contains no answer, but the model gave one. If there are many of these, lower ' +
      '--null_score_diff_threshold or fit it with --calibrate; the model answers "" if null score - best score is above it.',
  },
  label_doubtful: {
    title: 'Label probably wrong',
    explanation:
      'The labelled answer is not found at its answer_start or differs from the prediction only in spelling, or the ' +
      'answers of several people share no word. Check the data before the model.',
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
    explanation: 'Prediction and answer overlap, and each contains text that the other does not.',
  },
  same_sentence: {
    title: 'Elsewhere in the right sentence',
    explanation: 'The model found the right sentence but chose another part of it.',
  },
  right_kind_elsewhere: {
    title: 'Right kind, wrong place',
    explanation: 'A date, number or name, as the question asks for, but from another sentence.',
  },
  wrong_sentence: { title: 'Wrong sentence', explanation: 'Another kind of text from another sentence.' },
}
