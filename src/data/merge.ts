import type { Example } from '../squad/types.ts'
import { contextsOf } from './folded.ts'
import { firstAlike, haveSameAnswers, type OwnIds, withOwnIds } from './repeats.ts'

/**
 * Several lists as one. A question that an earlier one asks on the same context, with the same answers, is left out; one
 * whose id is taken gets a new one.
 */
export function mergeExamples<T extends Example>(lists: readonly (readonly T[])[]): OwnIds<T> {
  const all = lists.flat()
  const first = firstAlike(all, contextsOf(all))
  const kept = all.filter((example, i) => first[i] === i || !haveSameAnswers(example, all[first[i]]))
  const own = withOwnIds(kept)
  return { ...own, repeated: own.repeated + all.length - kept.length }
}
