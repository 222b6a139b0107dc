import { openFile } from '../../data/open-file.ts'
import { recordsOf } from '../../data/read-examples.ts'
import { SpanforgeError } from '../../errors.ts'
import { isQuestionLog } from '../../server/question-log/entries.ts'
import type { Report } from '../../squad/reading/data-problem.ts'
import { isId, QuestionReader, type QuestionRecord } from '../../squad/reading/read-question.ts'
import { passageId } from '../project/project.ts'
import type { ImportedQuestion, SkippedItem } from './imported.ts'
import { hasMarks, readMarkedTexts } from './marked-texts.ts'
import { readLoggedQuestions } from './question-log.ts'

/**
 * Reads the questions of a data file: everything that `train` reads, also without answers, JSON lines of texts with marked
 * spans, and question logs. What cannot be read is skipped with the reason.
 */
export async function* readDataFile(path: string, name: string): AsyncGenerator<ImportedQuestion | SkippedItem> {
  const file = await openFile(path).catch((error) => Promise.reject(renamed(error, path, name)))
  if (isQuestionLog(file.head) && !file.gzip) yield* readLoggedQuestions(path, name)
  else if (file.format === 'jsonl' && hasMarks(file.head)) yield* readMarkedTexts(path, name)
  else yield* readQuestions(file, name)
}

async function* readQuestions(
  file: Awaited<ReturnType<typeof openFile>>,
  name: string,
): AsyncGenerator<ImportedQuestion | SkippedItem> {
  const problems: SkippedItem[] = []
  const report: Report = ({ place, finding, correction }) => {
    if (correction === undefined) problems.push({ name: place.replace(file.path, name), reason: finding })
  }
  const reader = new QuestionReader(report)
  try {
    for await (const record of recordsOf(file, { report, mayLack: ['answers'], allColumns: true })) {
      const [hasAnswers, isAnnotated] = answersIn(record)
      const example = reader.read(hasAnswers && isAnnotated ? record : { ...record, answers: () => [] })
      if (example?.context.trim()) {
        const { id, title, question, context, answers } = example
        const passage = { id: passageId(context), text: context }
        yield { id, title, passage, question: question.trim(), ...(isAnnotated && { answers }) }
      }
      yield* problems.splice(0)
    }
  } catch (error) {
    throw renamed(error, file.path, name)
  }
  yield* problems
}

/** Replaces the path in a message, which may be a temporary one, by the name of the file. */
const renamed = (error: unknown, path: string, name: string): unknown =>
  error instanceof SpanforgeError ? new SpanforgeError(error.summary.replace(path, name), error.options) : error

/**
 * Whether a row has answers, and whether somebody has annotated it, so that a row without answers has no answer. Label
 * Studio leaves the answers of such rows empty or out, and the number of the annotation only if there is none.
 */
function answersIn({
  source: { columns, values },
}: QuestionRecord): readonly [hasAnswers: boolean, isAnnotated: boolean] {
  const names = [columns.answers, columns.answer, columns.is_impossible, 'answers.text']
  const hasAnswers = names.some((name) => name !== undefined && values[name] !== undefined)
  return [hasAnswers, 'annotation_id' in values ? isId(values.annotation_id) : hasAnswers]
}
