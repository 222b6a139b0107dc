import type { ErrorClass } from './error-class.ts'

export interface ClassText {
  readonly title: string
  /** What makes a question belong here, and what to do about many of them. */
  readonly explanation: string
}

export const classTexts: Readonly<Record<ErrorClass, ClassText>> = {
  correct: { title: 'Correct', explanation: 'An exact match, in the place where a given answer stands.' },
  same_text_elsewhere: {
    title: 'Same text elsewhere',
    explanation: 'Counts as an exact match, but the words stand in another place: right perhaps by luck.',
  },
  answered_without_answer: {
    title: 'Answered where there is none',
    explanation:
      'The context holds no answer, and the model gave one. Many of these: lower --null_score_diff_threshold, or fit it ' +
      'with --calibrate; "" is given where null score - best score lies above it.',
  },
  label_doubtful: {
    title: 'Label probably wrong',
    explanation:
      'The given answer does not stand where it says, differs from the prediction only in spelling, or the people ' +
      'who answered share no word. Look at the data before the model.',
  },
  cut_by_window: {
    title: 'Cut by a window',
    explanation: 'No window holds the whole answer: the model could not find it. A larger doc_stride mends this.',
  },
  silent_with_answer: {
    title: 'Silent where there is an answer',
    explanation:
      'The context holds the answer, and the model said there is none. Many of these: raise ' +
      '--null_score_diff_threshold, or fit it with --calibrate.',
  },
  too_wide: { title: 'Boundary too wide', explanation: 'The prediction contains the answer and more.' },
  too_narrow: { title: 'Boundary too narrow', explanation: 'The prediction is a part of the answer.' },
  overlapping: {
    title: 'Boundaries shifted',
    explanation: 'Prediction and answer overlap, and each has text that the other lacks.',
  },
  same_sentence: {
    title: 'Elsewhere in the right sentence',
    explanation: 'The right sentence was found, but another part of it was taken.',
  },
  right_kind_elsewhere: {
    title: 'Right kind, wrong place',
    explanation: 'A date, number or name as was asked for, from another sentence.',
  },
  wrong_sentence: { title: 'Wrong sentence', explanation: 'Something else, from another sentence.' },
}
