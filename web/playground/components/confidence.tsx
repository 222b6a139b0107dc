import type { PredictedAnswer } from '../../../src/server/http/contract.ts'
import { percent } from '../../shared/numbers.ts'
import * as state from '../state.ts'

const OTHER_WORDING = 'A variant of an answer above, whose percentage covers both'

/** The confidence of an answer, or a dash whose tooltip explains why there is none. */
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

const MEANING = 'Probability that this answer is exactly right'
