import type { Example } from '../squad/types.ts'
import { contextsOf } from './checks/folded.ts'
import { firstAlike, haveSameAnswers, type OwnIds, withOwnIds } from './checks/repeats.ts'

/**
 * Merges several lists. Duplicates (same question, context and answers) are removed, and questions with an id that is
 * already in use get a new one.
 */
export function mergeExamples<T extends Example>(lists: readonly (readonly T[])[]): OwnIds<T> {
  const all = lists.flat()
  const first = firstAlike(all, contextsOf(all))
  const kept = all.filter((example, i) => first[i] === i || !haveSameAnswers(example, all[first[i]]))
  const own = withOwnIds(kept)
  return { ...own, repeated: own.repeated + all.length - kept.length }
}
