import type { Answer, Label, Window } from './types.ts'

const NO_ANSWER: Label = { start_position: 0, end_position: 0 }

/**
 * The tokens that cover the answer's first and last character; [CLS] where the window does not hold the whole answer,
 * or there is none. run_qa.py's rule, without its slip: there an answer that begins in the last context token gets a
 * start beyond the context.
 */
export function labelWindow(window: Window, answer: Answer | undefined): Label {
  const { offsets, context_start, context_end } = window
  if (!answer || context_start === context_end) return NO_ANSWER
  const first = answer.answer_start
  const end = first + answer.text.length
  if (offsets[2 * context_start] > first || offsets[2 * context_end - 1] < end) return NO_ANSWER
  let start_position = context_start
  while (start_position + 1 < context_end && offsets[2 * start_position + 2] <= first) start_position++
  let end_position = context_end - 1
  while (end_position > context_start && offsets[2 * end_position - 1] >= end) end_position--
  // Several tokens can stand for one character (the letters of a Hangul syllable): the two ways in then cross.
  if (end_position < start_position) return { start_position: end_position, end_position: start_position }
  return { start_position, end_position }
}
