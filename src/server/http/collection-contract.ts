/** The JSON contract of the routes that answer from an index of documents. See contract.ts for the others. */
import { z } from 'zod'
import { PASSAGES_READ, STEMMINGS } from '../../search/schema.ts'
import { AnswerResult, answeredBy, answerOptions, PredictedAnswer } from './contract.ts'

export const CollectionRequest = z
  .strictObject({
    question: z.string().min(1),
    passages: z.int().min(1).max(100).default(PASSAGES_READ).describe('Number of passages that the model reads.'),
    documents: z
      .array(z.int())
      .min(1)
      .max(1000)
      .optional()
      .describe('Ids of the documents to search, as listed by GET /api/documents (default: all).'),
    ...answerOptions,
  })
  .meta({ id: 'CollectionRequest', examples: [{ question: 'How do I reset the pump?' }] })

const DocumentName = z.object({
  id: z.int(),
  name: z.string().describe('Name of the indexed folder and the path in it.'),
  title: z.string().nullable(),
})

const headings = z.array(z.string()).readonly().describe('Headings above it, from the outermost to the innermost.')
const page = z.int().optional().describe('Page of a PDF, counted from 1.')

const SourcedAnswer = PredictedAnswer.omit({ context: true })
  .extend({
    start: z.int().describe('UTF-16 index of the first character in the text of the document; 0 for "".'),
    end: z.int().describe('UTF-16 index after the last character; 0 for "".'),
    source: z
      .object({ document: DocumentName, page, headings, passage: z.int().describe('Index in passages.') })
      .optional()
      .describe('Missing for "".'),
  })
  .meta({ id: 'SourcedAnswer' })

export const CollectionResponse = AnswerResult.extend({
  answers: z.array(SourcedAnswer).describe('Best first, never empty.'),
  passages: z
    .array(
      z.object({
        document: DocumentName,
        page,
        headings,
        start: z.int().describe('UTF-16 index in the text of the document.'),
        text: z.string(),
        relevance: z.number().describe('Score of BM25; higher is better.'),
      }),
    )
    .describe('The passages that were read, most relevant first.'),
  ...answeredBy,
}).meta({ id: 'CollectionResponse' })

const listed = DocumentName.extend({
  type: z.string(),
  pages: z.int().nullable().describe('Number of pages of a PDF.'),
  characters: z.int(),
  passages: z.int(),
})

export const DocumentList = z
  .object({ documents: z.array(listed), total: z.int().describe('Number of documents on all pages of the list.') })
  .meta({ id: 'DocumentList' })

export const DocumentText = listed
  .extend({ start: z.int(), text: z.string().describe('The text from `start` on.') })
  .meta({ id: 'DocumentText' })

export const IndexInfo = z
  .object({
    documents: z.int(),
    passages: z.int(),
    characters: z.int(),
    problems: z.int().describe('Number of files that could not be read.'),
    stemming: z.enum(STEMMINGS),
    updated: z.string().describe('Time of the last change, in ISO 8601 format.'),
  })
  .meta({ id: 'IndexInfo' })

export type CollectionRequest = z.input<typeof CollectionRequest>
export type CollectionResponse = z.output<typeof CollectionResponse>
export type SourcedAnswer = z.output<typeof SourcedAnswer>
export type DocumentList = z.output<typeof DocumentList>
export type DocumentText = z.output<typeof DocumentText>
