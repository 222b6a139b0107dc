/** Routes of a server with a question log: they tell clients that questions are kept, and accept corrections. */
import { z } from 'zod'
import { UsageError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import type { HttpApp } from '../http/app.ts'
import { CorrectionRequest, failures, problemResponse } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import type { QuestionLog } from '../question-log/question-log.ts'
import { checkQuestions, checkTexts } from '../tokenizing/limits.ts'
import type { ServiceContext } from './context.ts'

/** Adds the header `Questions-Kept` to the responses of all routes that are added afterwards. */
export function sayWhatIsKept(app: HttpApp, { below }: QuestionLog): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('questions-kept', `confidence<${below}`)
  })
}

/** The route that takes corrections. */
export function correctionRoutes(app: HttpApp, log: QuestionLog, { limits }: Pick<ServiceContext, 'limits'>): void {
  app.post(
    '/api/corrections',
    {
      schema: {
        operationId: 'correct',
        tags: ['Answers'],
        summary: 'Say what the right answer is',
        description: 'The question, the text and the answers are kept in the question log, to train a better model on.',
        body: CorrectionRequest,
        response: {
          200: z.object({ kept: z.literal(true) }),
          ...failures,
          507: problemResponse('The correction could not be kept'),
        },
      },
    },
    async ({ body }) => {
      checkQuestions([body], limits)
      checkTexts([body.context], limits)
      for (const answer of body.answers) checkAnswer(answer, body.context)
      if (!(await log.correct(body)))
        throw new HttpProblem(507, 'The correction could not be kept.', {
          remedy: 'The server log says why. Download the corrections on the page to keep them.',
        })
      return { kept: true as const }
    },
  )
}

function checkAnswer({ text, answer_start }: CorrectionRequest['answers'][number], context: string): void {
  const found = context.slice(answer_start, answer_start + text.length)
  if (found === text && text.trim() !== '') return
  throw new UsageError(`answer ${showValue(text)} is not at character ${answer_start} (found ${showValue(found)})`)
}
