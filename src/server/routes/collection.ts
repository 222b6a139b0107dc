import { z } from 'zod'
import { resolveAnswerOptions } from '../../inference/answer-options.ts'
import type { FoundPassage } from '../../search/passage-search.ts'
import { placeIn } from '../../search/sources.ts'
import { MAX_TEXT_PART, NOTHING_FOUND, questionAbout, sourcedResult } from '../collection/from-index.ts'
import type { ServedIndex } from '../collection/served-index.ts'
import type { HttpApp } from '../http/app.ts'
import {
  CollectionRequest,
  CollectionResponse,
  DocumentList,
  DocumentText,
  IndexInfo,
} from '../http/collection-contract.ts'
import { failures, type PassageSource } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import { askerOf } from '../security/client.ts'
import { checkQuestions } from '../tokenizing/limits.ts'
import type { ServiceContext } from './context.ts'
import { answerAll, withRequest } from './questions.ts'

/** Routes that answer from the documents of an index, and list and show these documents. */
export function collectionRoutes(app: HttpApp, index: ServedIndex, context: ServiceContext): void {
  const { models, metrics, limits, timeout, questionLog } = context
  const tags = ['Documents']

  app.get(
    '/api/index',
    {
      schema: {
        operationId: 'index',
        tags,
        summary: 'Facts about the index',
        response: { 200: IndexInfo, ...failures },
      },
    },
    async () => index.facts,
  )

  app.get(
    '/api/documents',
    {
      schema: {
        operationId: 'documents',
        tags,
        summary: 'List the documents of the index by name',
        querystring: z.object({
          containing: z.string().max(200).default('').describe('A part of the name or the title.'),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          offset: z.coerce.number().int().min(0).default(0),
        }),
        response: { 200: DocumentList, ...failures },
      },
    },
    async ({ query }) => index.documents(query),
  )

  app.get(
    '/api/documents/:id',
    {
      schema: {
        operationId: 'document',
        tags,
        summary: 'A document with its text, in which answers have their positions',
        params: z.object({ id: z.coerce.number().int() }),
        querystring: z.object({
          start: z.coerce.number().int().min(0).default(0).describe('First character of the text.'),
          end: z.coerce.number().int().min(0).optional().describe(`At most ${MAX_TEXT_PART} characters after start.`),
        }),
        response: { 200: DocumentText, ...failures },
      },
    },
    async ({ params: { id }, query: { start, end } }) => {
      const document = await index.document(id, start, end)
      if (!document) throw new HttpProblem(404, `There is no document ${id} in the index.`)
      return document
    },
  )

  app.post(
    '/api/search',
    {
      schema: {
        operationId: 'search',
        tags,
        summary: 'Answer a question from the documents of the index',
        description:
          'The model reads the passages that share the most important words with the question. Scores are probabilities ' +
          'over all spans of these passages, and weigh the relevance of each. Positions are in the text of the document.',
        body: CollectionRequest,
        response: { 200: CollectionResponse, ...failures },
      },
    },
    async (request, reply) => {
      const { question, passages: max, documents, ...body } = request.body
      const started = performance.now()
      const asker = askerOf(request, reply, timeout)
      models.get(body.model) // rejects an unknown id before the search
      checkQuestions([{ question, context: '' }], limits)
      const passages = await index.search(question, { passages: max, documents })
      asker.signal.throwIfAborted()
      // During the search, the model may have been replaced.
      const model = models.get(body.model)
      const by = () => ({ ...model.identity, milliseconds: performance.now() - started })
      if (passages.length === 0) return { ...NOTHING_FOUND, ...by() }
      const options = resolveAnswerOptions(body, model.thread.facts.settings)
      const questions = [questionAbout(question, passages)]
      return withRequest(model, { questions, options, limits, asker }, async (opened) => {
        const [result] = await answerAll(model, opened, options, asker)
        metrics.answered(model.id, 1)
        const [best] = result.answers
        const read = passages[best.context]
        await questionLog?.keep(model, [{ question, context: read.text, source: sourceOf(read), best }])
        return { ...sourcedResult(passages, result), ...by() }
      })
    },
  )
}

/** The place of a passage, as it is kept with a question. */
function sourceOf(passage: FoundPassage): PassageSource {
  const { document, ...place } = placeIn(passage, 0)
  return { document: document.name, ...place }
}
