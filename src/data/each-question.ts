import type { JsonPart } from '../squad/reading/json-text.ts'
import { noQuestions } from '../squad/reading/squad-json.ts'
import { openFile } from './open-file.ts'
import { type DataSource, recordsOf, sourceName } from './read-examples.ts'

/** A question to be answered: of its row nothing else is looked at, given answers neither. */
export interface AskedQuestion {
  /** The row's own, or without one its number among the questions, from 0. */
  readonly id: string
  readonly question: string
  readonly context: string
  /** The file and line, row or paragraph. */
  readonly place: string
}

/**
 * The questions of a data file, or of several as one, in file order, as they are read; any format that `eachExample`
 * reads, of which JSON alone is held as a whole. Answers and ids may be missing.
 * @throws DataProblem for the first line, row or paragraph that holds no question with its context
 */
export async function* eachQuestion(source: DataSource): AsyncGenerator<AskedQuestion> {
  let count = 0
  for (const path of [source].flat())
    for await (const { place, id, question, context } of recordsOf(await openFile(path), { mayLack: ['answers'] })) {
      yield { id: idOf(id, count), question: question.string(), context: context.string(), place }
      count++
    }
  if (count === 0) throw noQuestions(sourceName(source))
}

function idOf(id: JsonPart | undefined, count: number): string {
  if (id?.value === undefined || id.value === null) return String(count)
  return typeof id.value === 'number' ? String(id.value) : id.string()
}
