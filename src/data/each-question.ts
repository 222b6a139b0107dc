import { QuestionIds } from '../squad/reading/read-question.ts'
import { noQuestions } from '../squad/reading/squad-json.ts'
import { openFile } from './open-file.ts'
import { type DataSource, recordsOf, sourceName } from './read-examples.ts'

/** A question to answer. All other columns of its row, including labeled answers, are ignored. */
export interface AskedQuestion {
  /** The id in the file or, for questions without one, the number that all readers give it: `q1`, `q2` and so on. */
  readonly id: string
  readonly question: string
  readonly context: string
  /** Position in the data: the file and the line, row or paragraph. */
  readonly place: string
}

/**
 * Streams the questions of one or several data files in any format that `eachExample` supports. Only JSON files are
 * loaded into memory as a whole. Answers and ids may be missing. With `contexts: false`, contexts are not read and may be
 * missing too.
 * @throws DataProblem for the first line, row or paragraph without a question and a context
 */
export async function* eachQuestion(
  source: DataSource,
  { contexts = true }: { readonly contexts?: boolean } = {},
): AsyncGenerator<AskedQuestion> {
  const ids = new QuestionIds()
  const mayLack = contexts ? ['answers'] : ['answers', 'context']
  let count = 0
  for (const path of [source].flat())
    for await (const { place, id, question, context } of recordsOf(await openFile(path), { mayLack })) {
      yield { id: ids.next(id), question: question.string(), context: contexts ? context.string() : '', place }
      count++
    }
  if (count === 0) throw noQuestions(sourceName(source))
}
