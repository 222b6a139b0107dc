/**
 * Routes compatible with the question-answering task of Hugging Face's Inference API and Inference Endpoints. Scores
 * are those of the Python pipeline and positions count code points, as Python clients expect. Unknown options are
 * ignored, as they are there.
 */
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { answerOption, resolveAnswerOptions, resolvePipelineOptions } from '../../inference/answer-options.ts'
import type { PipelineAnswer } from '../../squad/python/pipeline-answers.ts'
import { CodePoints } from '../../squad/reading/code-points.ts'
import type { HttpApp } from '../http/app.ts'
import { EXAMPLE, failures } from '../http/contract.ts'
import { askerOf } from '../security/client.ts'
import { AnswerSize } from '../tokenizing/limits.ts'
import type { ServiceContext } from './context.ts'
import { keepQuestions } from './keep-questions.ts'
import { withRequest } from './questions.ts'

const Input = z.object({ question: z.string().min(1), context: z.string().min(1) })

export const InferenceRequest = z
  .object({
    inputs: z.union([Input, z.array(Input).min(1).max(1000)]),
    parameters: z
      .object({
        top_k: answerOption.top_k.max(100).optional(),
        doc_stride: answerOption.doc_stride.optional(),
        max_answer_len: answerOption.max_answer_length.max(512).optional(),
        max_seq_len: answerOption.max_seq_len.optional(),
        max_question_len: answerOption.max_question_len.optional(),
        handle_impossible_answer: answerOption.handle_impossible_answer.optional(),
        align_to_words: answerOption.align_to_words.optional(),
      })
      .nullish(),
  })
  .meta({ id: 'InferenceRequest', examples: [{ inputs: EXAMPLE }] })

const InferenceAnswer = z
  .object({ score: z.number(), start: z.int(), end: z.int(), answer: z.string() })
  .meta({ id: 'InferenceAnswer' })

type OneOrMany = z.output<typeof InferenceAnswer> | z.output<typeof InferenceAnswer>[]

export const InferenceResponse = z.union([
  InferenceAnswer,
  z.array(z.union([InferenceAnswer, z.array(InferenceAnswer)])),
])

/** Says which revision of the model answers; the format of the body has no place for it. */
const REVISION_HEADER = 'spanforge-revision'

export function huggingFaceRoutes(
  app: HttpApp,
  { models, metrics, limits, timeout, questionLog }: ServiceContext,
): void {
  const schema = {
    tags: ['Hugging Face'],
    summary: 'Question answering, compatible with the Hugging Face Inference API',
    description:
      'Returns one answer per input, or a list if top_k is above 1. Positions count code points, as in Python.',
    body: InferenceRequest,
    response: { 200: InferenceResponse, ...failures },
  }
  const params = { name: z.string(), owner: z.string() }

  app.post('/', { schema: { ...schema, operationId: 'inference' } }, (request, reply) =>
    infer(undefined, request.body, reply),
  )
  app.post(
    '/models/:name',
    { schema: { ...schema, operationId: 'inferenceByName', params: z.object({ name: params.name }) } },
    (request, reply) => infer(request.params.name, request.body, reply),
  )
  app.post(
    '/models/:owner/:name',
    { schema: { ...schema, operationId: 'inferenceByOwnerAndName', params: z.object(params) } },
    (request, reply) => {
      const { owner, name } = request.params
      return infer(`${owner}/${name}`, request.body, reply)
    },
  )

  async function infer(
    id: string | undefined,
    { inputs, parameters }: z.output<typeof InferenceRequest>,
    reply: FastifyReply,
  ): Promise<OneOrMany | OneOrMany[]> {
    const questions = Array.isArray(inputs) ? inputs : [inputs]
    const asker = askerOf(reply.request, reply, timeout)
    const model = models.get(id)
    reply.header(REVISION_HEADER, model.identity.revision)
    const options = resolvePipelineOptions(parameters ?? {}, model.thread.facts.settings)
    const { top_k = 1 } = options
    const asked = { questions, options: { ...options, keep_leading_spaces: true }, limits, asker }
    return withRequest(model, asked, async (opened) => {
      const { rows } = opened
      const logits = await model.queue.ask(rows, asker)
      const found: OneOrMany[] = []
      const size = new AnswerSize()
      const points = new Map<string, CodePoints>()
      const pointsOf = (context: string): CodePoints => {
        if (!points.has(context)) points.set(context, new CodePoints(context))
        return points.get(context)!
      }
      for (const [i, { context }] of questions.entries()) {
        asker.signal.throwIfAborted()
        const answers = await opened.pipelineAnswers(i, rows.ofQuestion(logits, i), options)
        size.add(answers)
        const counted = inCodePoints(pointsOf(context), answers)
        found.push(top_k === 1 ? counted[0] : counted)
      }
      metrics.answered(model.id, found.length)
      if (questionLog) {
        const search = resolveAnswerOptions({}, model.thread.facts.settings)
        const results = await Promise.all(
          questions.map((_, i) => opened.answers(i, rows.ofQuestion(logits, i), search)),
        )
        await keepQuestions({ questionLog }, model, questions, results)
      }
      return Array.isArray(inputs) ? found : found[0]
    })
  }
}

function inCodePoints(points: CodePoints, answers: readonly PipelineAnswer[]): PipelineAnswer[] {
  return answers.map(({ start, end, ...rest }) => ({
    ...rest,
    start: points.fromUtf16(start),
    end: points.fromUtf16(end),
  }))
}
