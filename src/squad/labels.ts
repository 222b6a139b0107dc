import type { Answer, Label, Window } from './types.ts'

const NO_ANSWER: Label = { start_position: 0, end_position: 0 }

/**
 * Labels a window with the tokens of the answer's first and last character, or with [CLS] if the window does not
 * contain the whole answer or there is none. This is the rule of run_qa.py without its bug: there, an answer that
 * starts in the last context token gets a start position after the context.
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
  // If several tokens have the same character (such as a Hangul syllable), the two searches can cross.
  if (end_position < start_position) return { start_position: end_position, end_position: start_position }
  return { start_position, end_position }
}
