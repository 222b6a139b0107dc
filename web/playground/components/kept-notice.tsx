import { percent } from '../../shared/numbers.ts'
import * as state from '../state.ts'

/** Says what the server keeps of questions, before they are asked. */
export function KeptNotice() {
  const below = state.keptBelow.value
  if (below === undefined) return null
  return (
    <p class="kept" role="note">
      <b>This server keeps questions</b>, with the text and the answer,
      {below < 1 && ` if the model is less than ${percent(below)} sure,`} and your corrections. They are used to improve
      the model.
    </p>
  )
}
