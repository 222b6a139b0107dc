/** Converts a project to the data that the page shows. */
import { SEPARATOR } from '../../documents/document.ts'
import { exportExamples } from '../export.ts'
import { disagreements } from '../project/labels.ts'
import type { Project } from '../project/project.ts'
import type { AnnotatedQuestion, PassageState, ProjectState } from '../project/state.ts'
import type { Suggestions } from '../suggestions.ts'
import type {
  Disagreements,
  PassageDetail,
  PassageList,
  PassagesQuery,
  ProjectInfo,
  ShownQuestion,
} from './contract.ts'

export interface ShownProject {
  readonly project: Project
  readonly suggestions?: Suggestions
  /** Called before the state of the project is shown. */
  readonly onShow?: () => void
}

export const revisionOf = ({ project, suggestions }: ShownProject): string =>
  `${project.state.revision}.${suggestions?.count ?? 0}`

export function projectInfo(shown: ShownProject, annotator: string | undefined): ProjectInfo {
  const { project, suggestions } = shown
  const { state } = project
  const own = [...listedPassages(state)].filter((passage) => isAssigned(passage, annotator, state))
  const has = (status: string) => own.filter((passage) => statusOf(passage, annotator) === status).length
  const { examples, left_out } = exportExamples(state)
  return {
    name: project.name,
    created: state.created,
    revision: revisionOf(shown),
    annotators: state.annotators.length > 0 ? [...state.annotators] : state.people,
    is_restricted: state.annotators.length > 0,
    ...(suggestions && { model: suggestions.modelId }),
    has_suggestions: suggestions !== undefined || [...state.questions.values()].some(({ suggested }) => suggested),
    documents: [...state.documents.values()].map(({ name, title, passages }) => ({
      name,
      ...(title !== undefined && { title }),
      passages: passages.length,
      questions: passages.reduce((sum, id) => sum + state.passage(id).questions.length, 0),
    })),
    progress: {
      passages: own.length,
      done: has('done'),
      skipped: has('skipped'),
      questions: state.questions.size,
      answered: examples.length,
      unwritten: left_out['no question'],
      disagreements: disagreements(state).filter(({ decided }) => decided === undefined).length,
    },
  }
}

/** The passages of all documents, and those of earlier versions of documents that have questions. */
function* listedPassages(state: ProjectState): Generator<PassageState> {
  const seen = new Set<string>()
  for (const { passages } of state.documents.values())
    for (const id of passages) {
      if (seen.has(id)) continue
      seen.add(id)
      yield state.passage(id)
    }
  for (const passage of state.passages.values())
    if (!seen.has(passage.id) && passage.questions.length > 0) yield passage
}

const statusOf = ({ status }: PassageState, annotator = '') => status.get(annotator) ?? 'open'

/** Whether an annotator should read a passage. If passages are not assigned, everyone should. */
const isAssigned = ({ assigned }: PassageState, annotator: string | undefined, state: ProjectState): boolean =>
  annotator === undefined || !state.annotators.includes(annotator) || assigned.has(annotator)

export function passageList({ project, suggestions }: ShownProject, query: PassagesQuery): PassageList {
  const { state } = project
  const { annotator, document, search, order, limit, offset } = query
  const isIn = document === undefined ? undefined : new Set(state.documents.get(document)?.passages)
  const words = search.toLowerCase().trim()
  const found = [...listedPassages(state)].filter(
    (passage) =>
      (!isIn || isIn.has(passage.id)) && isShown(passage, query, state) && (!words || contains(passage, words, state)),
  )
  const certainty = new Map(found.map((passage) => [passage.id, certaintyOf(passage, annotator, state, suggestions)]))
  const of = ({ id }: PassageState) => certainty.get(id) ?? Number.POSITIVE_INFINITY
  if (order === 'certainty') found.sort((a, b) => (of(a) === of(b) ? 0 : of(a) - of(b)))
  return {
    total: found.length,
    passages: found.slice(offset, offset + limit).map((passage) => {
      const questions = state.questionsOf(passage)
      const least = certainty.get(passage.id)
      return {
        ...listedFields(passage, annotator, state),
        start: startOf(passage),
        questions: questions.length,
        answered: questions.filter(({ responses }) => responses.has(annotator ?? '')).length,
        has_comment: hasComment(passage, state),
        ...(least !== undefined && { certainty: least }),
      }
    }),
  }
}

function isShown(passage: PassageState, { show, annotator }: PassagesQuery, state: ProjectState): boolean {
  switch (show) {
    case 'all':
      return true
    case 'assigned':
      return isAssigned(passage, annotator, state)
    case 'commented':
      return hasComment(passage, state)
    case 'unanswered':
      return state.questionsOf(passage).some(({ responses }) => !responses.has(annotator ?? ''))
    default:
      return statusOf(passage, annotator) === show && isAssigned(passage, annotator, state)
  }
}

const hasComment = (passage: PassageState, state: ProjectState): boolean =>
  passage.comments.size > 0 || state.questionsOf(passage).some(({ comments }) => comments.size > 0)

function contains(passage: PassageState, words: string, state: ProjectState): boolean {
  const texts = [passage.text, ...(passage.headings ?? []), ...passage.comments.values()]
  for (const { question, comments } of state.questionsOf(passage)) texts.push(question, ...comments.values())
  return texts.some((text) => text.toLowerCase().includes(words))
}

/** The lowest certainty of the questions that an annotator has yet to answer. */
function certaintyOf(
  passage: PassageState,
  annotator: string | undefined,
  state: ProjectState,
  suggestions: Suggestions | undefined,
): number | undefined {
  const certainties = state
    .questionsOf(passage)
    .filter(({ responses }) => !responses.has(annotator ?? ''))
    .flatMap((question) => suggestionFor(question, suggestions)?.certainty ?? [])
  return certainties.length > 0 ? Math.min(...certainties) : undefined
}

/** The answer of the model of this server, else of the model that was served when the question was asked. */
const suggestionFor = (question: AnnotatedQuestion, suggestions: Suggestions | undefined) =>
  suggestions?.of(question) ?? question.suggested

function listedFields(passage: PassageState, annotator: string | undefined, state: ProjectState) {
  const { id, document, headings = [], page, assigned } = passage
  const title = state.documents.get(document)?.title
  return {
    id,
    document,
    ...(title !== undefined && { title }),
    headings: [...headings],
    ...(page !== undefined && { page }),
    status: statusOf(passage, annotator),
    assigned: [...assigned],
  }
}

/** The first words below the headings. */
function startOf({ text, headings = [] }: PassageState): string {
  let paragraphs = text.slice(0, 1000).split(SEPARATOR)
  for (const heading of headings)
    if (paragraphs.length > 1 && paragraphs[0].replace(/\s+/g, ' ') === heading) paragraphs = paragraphs.slice(1)
  const start = paragraphs.join(' ').replace(/\s+/g, ' ')
  return [...start].slice(0, 160).join('')
}

export async function passageDetail(
  { project, suggestions }: ShownProject,
  id: string,
  annotator: string | undefined,
): Promise<PassageDetail> {
  const { state } = project
  const passage = state.passage(id)
  await suggestions?.ensure(state.questionsOf(passage))
  return {
    ...listedFields(passage, annotator, state),
    text: passage.text,
    comments: listed(passage.comments),
    questions: state.questionsOf(passage).map((question) => shownQuestion(question, annotator, suggestions)),
  }
}

const listed = (comments: ReadonlyMap<string, string>) =>
  [...comments].map(([annotator, comment]) => ({ annotator, comment }))

function shownQuestion(
  annotated: AnnotatedQuestion,
  annotator: string | undefined,
  suggestions: Suggestions | undefined,
): ShownQuestion {
  const { id, question, label, author, source, given, responses, comments } = annotated
  const own = responses.get(annotator ?? '')
  const suggestion = suggestionFor(annotated, suggestions)
  return {
    id,
    question,
    ...(label !== undefined && { label }),
    ...(author !== undefined && { author }),
    ...(source !== undefined && { source }),
    ...(given && { given: [...given] }),
    ...(own && { own: { answers: [...own.answers], ...(own.outcome && { outcome: own.outcome }) } }),
    others: responses.size - Number(own !== undefined),
    ...(suggestion && { suggestion }),
    comments: listed(comments),
  }
}

export function shownDisagreements({ state }: Project): Disagreements {
  return {
    questions: disagreements(state).map(({ id, question, passage, responses, decided }) => {
      const { document, text } = state.passage(passage)
      return {
        id,
        question,
        passage: { id: passage, document, text },
        responses: [...responses].map(([annotator, { answers }]) => ({ annotator, answers: [...answers] })),
        ...(decided !== undefined && { decided }),
      }
    }),
  }
}
