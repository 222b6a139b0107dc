/** Questions and corrections that `spanforge serve --log_questions` has kept. */

import {
  type LoggedCorrection,
  type LoggedQuestion,
  type LoggedText,
  readQuestionLog,
} from '../../server/question-log/entries.ts'
import { showValue } from '../../show-value.ts'
import type { Answer } from '../../squad/types.ts'
import { passageId } from '../project/project.ts'
import type { ImportedQuestion, SkippedItem } from './imported.ts'

/**
 * Reads the questions of a log, each with the answer of the model as a suggestion, and with the last correction if there
 * is one. The server may still be writing to the file.
 */
export async function* readLoggedQuestions(path: string, name: string): AsyncGenerator<ImportedQuestion | SkippedItem> {
  const texts = new Map<string, LoggedText>()
  const questions = new Map<string, ImportedQuestion>()
  for await (const { item } of readQuestionLog(path)) {
    if ('reason' in item) yield { name: `${name}: line ${item.line}`, reason: item.reason }
    else if (item.type === 'text') texts.set(item.id, item)
    else {
      const text = texts.get(item.text)
      const problem = text ? misplaced(item, text) : `unknown text ${item.text}`
      if (problem !== undefined) yield { name: `${name}: question ${item.id}`, reason: problem }
      else questions.set(item.id, { ...questions.get(item.id), ...importedFrom(item, text!) })
    }
  }
  yield* questions.values()
}

function importedFrom(entry: LoggedQuestion | LoggedCorrection, { text, source }: LoggedText): ImportedQuestion {
  const { id, question } = entry
  const place = {
    ...(source?.headings && { headings: [...source.headings] }),
    ...(source?.page && { page: source.page }),
  }
  return {
    ...{ id, question: question.trim(), passage: { id: passageId(text), text, ...place } },
    ...(source && { title: source.document }),
    ...(entry.type === 'correction'
      ? { answers: entry.answers, isCorrected: true }
      : { suggestion: suggestionOf(entry) }),
  }
}

const suggestionOf = ({ model, answer, answer_start, confidence, score }: LoggedQuestion) => ({
  ...{ model: model.slice(0, 200), answer, answer_start },
  certainty: confidence ?? score,
})

/** What is wrong with the answers of an entry, for example because the log was edited. */
function misplaced(entry: LoggedQuestion | LoggedCorrection, { text }: LoggedText): string | undefined {
  if (entry.question.trim() === '') return 'the question is empty'
  const { answers }: { readonly answers: readonly Answer[] } =
    entry.type === 'correction' ? entry : { answers: [{ text: entry.answer, answer_start: entry.answer_start }] }
  const wrong = answers.find(({ text: answer, answer_start }) => !text.startsWith(answer, answer_start))
  return wrong && `answer ${showValue(wrong.text, 80)} is not at character ${wrong.answer_start} of its text`
}
