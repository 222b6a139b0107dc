import { toSquadJson } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { labelOf, orderedQuestions, type UnlabeledReason } from './project/labels.ts'
import type { ProjectState } from './project/state.ts'

export interface Exported {
  readonly examples: readonly Example[]
  /** Number of questions that are left out, by reason. */
  readonly left_out: Readonly<Record<UnlabeledReason, number>>
}

/** Returns the annotated questions of a project as examples, in the order of the documents. */
export function exportExamples(state: ProjectState): Exported {
  const examples: Example[] = []
  const left_out = { 'no question': 0, 'no answer yet': 0, undecided: 0 }
  for (const annotated of orderedQuestions(state)) {
    const label = labelOf(annotated)
    if (typeof label === 'string') {
      left_out[label]++
      continue
    }
    const { text: context, document } = state.passage(annotated.passage)
    const title = state.documents.get(document)?.title ?? document
    examples.push({ id: annotated.id, title, question: annotated.question, context, answers: label })
  }
  return { examples, left_out }
}

/** SQuAD JSON: v2.0 if any question has no answer. */
export const squadFile = ({ examples }: Exported): string => `${toSquadJson(examples)}\n`
