import type { PredictedAnswer } from '../../../src/server/contract.ts'
import { percent } from '../logic/numbers.ts'
import * as state from '../state.ts'

const OTHER_WORDING = 'Another wording of an answer above, which has the percentage for both'

/** How likely the answer is right; where there is no number, the tooltip of the dash says why. */
export function Confidence({ answer, model }: { readonly answer: PredictedAnswer; readonly model: string }) {
  if (answer.confidence === null) {
    const why = answer.answer !== '' && state.hasConfidence(model) ? OTHER_WORDING : state.NO_CONFIDENCE
    return (
      <span class="sure" title={why}>
        <span aria-hidden="true">–</span>
        <span class="unseen">{why}</span>
      </span>
    )
  }
  return (
    <span class="sure" title={MEANING}>
      {percent(answer.confidence)}
    </span>
  )
}

const MEANING = 'How likely this answer is right, word for word'
