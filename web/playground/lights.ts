/** The highlighted spans of the text, with class names defined in styles/marks.css. */
import { computed } from '@preact/signals'
import type { Layer } from '../../src/analysis/browser/segments.ts'
import { shownAnswers, verdictOf } from './logic/verdict.ts'
import * as state from './state.ts'

export const layers = computed((): Layer[] => {
  const asked = state.shownQuestion.value
  const marked = state.marking.value?.span
  if (!asked) return []
  const known = state.knownAnswer(asked.question)
  const answers = state.chosen.value.flatMap((model, place) => {
    const result = asked.readings[model]?.result
    if (!result) return []
    const { answer } = verdictOf(result, state.threshold.value)
    return shownAnswers(result.answers, state.MAX_SHOWN).flatMap((one, index) => {
      if (one.answer === '') return []
      const { lit } = state
      const isLit = lit.value?.asked === asked.id && lit.value.model === model && lit.value.index === index
      // Once the correct answer is known, the model's answers are highlighted only under the pointer. Variants of the
      // best answer always are.
      if (!isLit && known !== undefined && !marked) return []
      if (!isLit && answer && one !== answer && one.start < answer.end && answer.start < one.end) return []
      const kind = isLit ? 'lit' : one === answer ? 'best' : 'further'
      return [{ name: `${kind}-${place % 4}`, start: one.start, end: one.end }]
    })
  })
  const right = marked ?? known?.span
  return right ? [...answers, { name: 'marked', ...right }] : answers
})
