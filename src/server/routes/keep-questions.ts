import type { AnswerResult } from '../http/contract.ts'
import type { ServedModel } from '../models/models.ts'
import type { AnsweredQuestion } from '../question-log/question-log.ts'
import type { QuestionFields } from '../tokenizing/tokenizing-task.ts'
import type { ServiceContext } from './context.ts'

/** Keeps the uncertain ones of some questions, if the server has a question log. */
export async function keepQuestions(
  { questionLog }: Pick<ServiceContext, 'questionLog'>,
  model: ServedModel,
  questions: readonly QuestionFields[],
  results: readonly AnswerResult[],
): Promise<void> {
  await questionLog?.keep(
    model,
    results.map((result, i) => answered(questions[i], result)),
  )
}

/** A question with its best answer and the text that contains it; the first text if there is no answer. */
function answered(
  { question, context, contexts }: QuestionFields,
  { answers: [best] }: AnswerResult,
): AnsweredQuestion {
  return { question, context: contexts?.[best.context] ?? context!, best }
}
