/** The JSON contract of the annotation server. All positions are UTF-16 offsets in the text of a passage. */
import { z } from 'zod'
import { problemResponse } from '../../server/http/contract.ts'
import { actionSchema, annotatorName, answerSchema, suggestionSchema } from '../project/events.ts'

const annotator = annotatorName.optional().describe('The annotator whose answers and progress are shown.')
const status = z.enum(['open', 'done', 'skipped'])

export const ProjectQuery = z.strictObject({ annotator })

export const ProjectInfo = z
  .object({
    name: z.string(),
    created: z.string().describe('When the project was created, which tells it from others.'),
    revision: z.string().describe('Changes whenever anyone has changed something.'),
    annotators: z.array(z.string()).describe('Names with assigned passages, or of everyone who has done something.'),
    is_restricted: z.boolean().describe('Whether only these annotators may annotate.'),
    model: z.string().optional().describe('The model whose suggestions are shown.'),
    has_suggestions: z.boolean().describe('Whether passages can be ordered by certainty.'),
    documents: z.array(
      z.object({ name: z.string(), title: z.string().optional(), passages: z.int(), questions: z.int() }),
    ),
    progress: z.object({
      passages: z.int().describe('Passages assigned to the annotator; all if none are.'),
      done: z.int(),
      skipped: z.int(),
      questions: z.int().describe('Questions of the whole project.'),
      answered: z.int().describe('Questions that would be exported.'),
      unwritten: z.int().describe('Imported marks whose question has yet to be written.'),
      disagreements: z.int().describe('Questions on which annotators disagree and that are not decided.'),
    }),
  })
  .meta({ id: 'ProjectInfo' })

export const SHOWN = ['assigned', 'all', 'open', 'done', 'skipped', 'unanswered', 'commented'] as const

export const PassagesQuery = z.strictObject({
  annotator,
  document: z.string().optional().describe('Name of a document (default: all).'),
  search: z.string().max(200).default('').describe('A part of the text, the headings, a question or a comment.'),
  show: z.enum(SHOWN).default('all'),
  order: z
    .enum(['document', 'certainty'])
    .default('document')
    .describe('The order of the documents, or passages first of whose questions the model is least certain.'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).default(0),
})

const listed = {
  id: z.string(),
  document: z.string(),
  title: z.string().optional(),
  headings: z.array(z.string()),
  page: z.int().optional().describe('Page of a PDF, counted from 1.'),
  status,
  assigned: z.array(z.string()),
}

export const PassageList = z
  .object({
    total: z.int(),
    passages: z.array(
      z.object({
        ...listed,
        start: z.string().describe('The first words of its text.'),
        questions: z.int(),
        answered: z.int().describe('Questions that the annotator has answered.'),
        has_comment: z.boolean(),
        certainty: z.number().optional().describe('The lowest of its unanswered questions, if it has suggestions.'),
      }),
    ),
  })
  .meta({ id: 'PassageList' })

export const ShownQuestion = z.object({
  id: z.string(),
  question: z.string(),
  label: z.string().optional().describe('Label of imported marks, whose question has yet to be written.'),
  author: z.string().optional(),
  source: z.string().optional().describe('The file that it comes from.'),
  given: z.array(answerSchema).optional().describe('The answers in that file.'),
  own: z
    .object({ answers: z.array(answerSchema), outcome: z.enum(['accepted', 'corrected']).optional() })
    .optional()
    .describe('The answers of the annotator. Empty answers mean that the passage has none.'),
  others: z.int().describe('Number of other annotators who have answered.'),
  suggestion: suggestionSchema.optional(),
  comments: z.array(z.object({ annotator: z.string(), comment: z.string() })),
})

export const PassageDetail = z
  .object({
    ...listed,
    text: z.string(),
    comments: z.array(z.object({ annotator: z.string(), comment: z.string() })),
    questions: z.array(ShownQuestion),
  })
  .meta({ id: 'PassageDetail' })

export const ActionRequest = actionSchema.meta({ id: 'Action' })
export const ActionResult = z
  .object({ id: z.string().optional().describe('Id of the question.'), revision: z.string() })
  .meta({ id: 'ActionResult' })

export const Disagreements = z
  .object({
    questions: z.array(
      z.object({
        id: z.string(),
        question: z.string(),
        passage: z.object({ id: z.string(), document: z.string(), text: z.string() }),
        responses: z.array(z.object({ annotator: z.string(), answers: z.array(answerSchema) })),
        decided: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Disagreements' })

export const ImportRequest = z
  .strictObject({ name: z.string().min(1).max(200), content: z.string().min(1) })
  .meta({ id: 'ImportRequest' })

export const ImportResult = z
  .object({
    documents: z.int(),
    passages: z.int(),
    questions: z.int(),
    known: z.int().describe('Questions that the project already has.'),
    corrected: z.int().describe('Known questions that have new answers.'),
    skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
  })
  .meta({ id: 'ImportResult' })

/** Error responses of all routes, for OpenAPI. */
export const annotationFailures = {
  401: problemResponse('The token is missing or invalid'),
  403: problemResponse('The request comes from another page or for another host'),
  404: problemResponse('Unknown passage'),
  413: problemResponse('The body is too large'),
  422: problemResponse('The request is invalid, or does not fit the state of the project'),
  507: problemResponse('The change could not be saved'),
}

export type ProjectInfo = z.output<typeof ProjectInfo>
export type PassagesQuery = z.output<typeof PassagesQuery>
export type PassageList = z.output<typeof PassageList>
export type ShownQuestion = z.output<typeof ShownQuestion>
export type PassageDetail = z.output<typeof PassageDetail>
export type ActionResult = z.output<typeof ActionResult>
export type Disagreements = z.output<typeof Disagreements>
export type ImportResult = z.output<typeof ImportResult>
