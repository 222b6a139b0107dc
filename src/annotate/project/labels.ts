/** Which answers of a question count, and where annotators disagree. */
import type { Answer } from '../../squad/types.ts'
import type { AnnotatedQuestion, AnnotatorResponse, ProjectState } from './state.ts'

const key = ({ text, answer_start }: Answer): string => `${answer_start} ${text}`

/** Different answers, in their order. */
const distinct = (answers: readonly Answer[]): Answer[] => [
  ...new Map(answers.map((answer) => [key(answer), answer])).values(),
]

const isSame = (a: AnnotatorResponse, b: AnnotatorResponse): boolean => {
  if (a.answers.length === 0 || b.answers.length === 0) return a.answers.length === b.answers.length
  const keys = new Set(a.answers.map(key))
  return b.answers.some((answer) => keys.has(key(answer)))
}

/** Whether two annotators have no answer in common. */
export function isDisputed({ responses }: AnnotatedQuestion): boolean {
  const all = [...responses.values()]
  return all.some((one, i) => all.slice(i + 1).some((other) => !isSame(one, other)))
}

/** Questions on which annotators disagree, in the order of the documents; those that are decided come last. */
export function disagreements(state: ProjectState): AnnotatedQuestion[] {
  const disputed = [...orderedQuestions(state)].filter(isDisputed)
  return [...disputed.filter(({ decided }) => !decided), ...disputed.filter(({ decided }) => decided)]
}

/** All questions in the order of the documents and their passages. */
export function* orderedQuestions(state: ProjectState): Generator<AnnotatedQuestion> {
  const seen = new Set<string>()
  const listed = [...state.documents.values()].flatMap(({ passages }) => passages)
  // Passages of earlier versions of a document come last.
  for (const id of [...listed, ...state.passages.keys()]) {
    if (seen.has(id)) continue
    seen.add(id)
    yield* state.questionsOf(state.passage(id))
  }
}

/** Why a question is not exported. */
export type UnlabeledReason = 'no question' | 'no answer yet' | 'undecided'

/**
 * The answers of a question: those of the annotator who was chosen, else of all annotators, else of the file that the
 * question comes from. Where some say that there is no answer, the majority decides.
 */
export function labelOf(question: AnnotatedQuestion): readonly Answer[] | UnlabeledReason {
  const { responses, decided, given } = question
  if (question.question.trim() === '') return 'no question'
  if (decided !== undefined) return responses.get(decided)!.answers
  if (responses.size === 0) return given ?? 'no answer yet'
  const all = [...responses.values()]
  const without = all.filter(({ answers }) => answers.length === 0).length
  if (2 * without === all.length) return 'undecided'
  return 2 * without > all.length ? [] : distinct(all.flatMap(({ answers }) => answers))
}
