import { CodePoints } from './code-points.ts'
import { DataProblem, orReport, type Report } from './data-problem.ts'
import { type FoundAnswer, findAnswer, placesOf } from './find-answer.ts'
import type { JsonPart } from './json-text.ts'
import type { Answer, Example } from './types.ts'

/** A question as a file has it: parts that know where they stand, none of them believed yet. */
export interface QuestionRecord {
  /** The line, row or paragraph, such as `train.jsonl: line 3`. */
  readonly place: string
  /** Undefined where the reader is to number the questions. */
  readonly id: JsonPart | undefined
  readonly title: JsonPart
  readonly question: JsonPart
  readonly context: JsonPart
  /** `answer_start` counts code points. Empty for a question marked `is_impossible`. */
  readonly answers: () => readonly AnswerParts[]
}

export interface AnswerParts {
  readonly text: JsonPart
  /** Undefined where it is to be found: where the text stands but once. */
  readonly answer_start: JsonPart | undefined
}

/** Makes examples of the questions of one file, and reports what is wrong with them. */
export class QuestionReader {
  private readonly ids = new Set<string>()
  private numbered = 0
  private context = ''
  private codePoints = new CodePoints('')

  constructor(readonly report: Report) {}

  /**
   * The example; undefined where the report of a problem returned and there is no mending it. An answered question that
   * loses all its answers is left out, for it would come out as one that has none.
   */
  read(record: QuestionRecord): Example | undefined {
    return orReport(this.report, () => {
      const id = this.id(record.id)
      const place = `${record.place}, question ${id}`
      if (this.ids.has(id)) this.report(repeated(place, id))
      this.ids.add(id)
      const context = record.context.string()
      const title = record.title.value == null ? undefined : record.title.string()
      const question = record.question.string()
      const parts = record.answers()
      const answers = parts.flatMap((part) => orReport(this.report, () => this.answer(part, context, place, id)) ?? [])
      if (parts.length && !answers.length) return undefined
      return { id, ...(title !== undefined && { title }), question, context, answers }
    })
  }

  private id(part: JsonPart | undefined): string {
    if (!part) return `q${++this.numbered}`
    if (typeof part.value === 'number') this.report(part.unexpected('a text "..."', 'the number as text'))
    return typeof part.value === 'number' ? String(part.value) : part.string()
  }

  private answer(part: AnswerParts, context: string, place: string, id: string): Answer | undefined {
    const text = part.text.string()
    const count = part.answer_start?.count()
    if (!text) throw new DataProblem('empty_answer', place, 'its answer is empty', { remedy: NO_ANSWER, id })
    // The questions of a paragraph share its context.
    if (context !== this.context) this.codePoints = new CodePoints(context)
    this.context = context
    if (count === undefined) return this.onlyPlace(text, context, place, id)
    const answer_start = this.codePoints.toUtf16(count)
    if (context.startsWith(text, answer_start)) return { text, answer_start }
    const found = findAnswer(text, context, count, this.codePoints)
    this.report(
      new DataProblem(
        found?.kind ?? 'misaligned',
        place,
        `answer ${JSON.stringify(text)} is not at character ${count} of the context ` +
          `(found ${JSON.stringify(context.slice(answer_start, answer_start + text.length))})`,
        { id, ...this.remedy(text, found) },
      ),
    )
    return found?.answer
  }

  /** The answer in the one place where its text stands; where that is not one, the most likely is reported. */
  private onlyPlace(text: string, context: string, place: string, id: string): Answer | undefined {
    const [first, ...others] = placesOf(text, context)
    if (first && others.length === 0) return first
    const found = first ?? findAnswer(text, context, 0, this.codePoints)?.answer
    const at = found && `character ${this.codePoints.fromUtf16(found.answer_start)}`
    const [kind, finding, remedy, mended] = first
      ? ([
          'ambiguous_answer',
          `stands at ${1 + others.length} places of the context`,
          WHICH,
          `${at}, the first`,
        ] as const)
      : ([
          'misaligned',
          'does not stand in the context',
          'Mend the text.',
          at && `${at} as ${JSON.stringify(found.text)}`,
        ] as const)
    const fixes = mended ? ` "spanforge data check FILE --fix OUT" takes ${mended}.` : ''
    const about = { id, remedy: remedy + fixes, mended }
    this.report(new DataProblem(kind, place, `answer ${JSON.stringify(text)} ${finding}`, about))
    return found
  }

  private remedy(text: string, found: FoundAnswer | undefined): { remedy: string; mended?: string } {
    if (!found) return { remedy: 'The context does not contain this answer: mend the text, or take the question out.' }
    const { answer, kind } = found
    const stands = this.codePoints.fromUtf16(answer.answer_start)
    const as = answer.text === text ? '' : ` as ${JSON.stringify(answer.text)}`
    const counted = COUNTED[kind]
    const remedy = `It stands at character ${stands}${as}; answer_start counts Unicode code points from 0${counted}.`
    return { remedy: `${remedy} "spanforge data check FILE --fix OUT" mends it.`, mended: `character ${stands}${as}` }
  }
}

const WHICH = 'Say which with answer_start, the number of Unicode code points before it.'

const NO_ANSWER = 'Write "answers": [] for no answer.'

const COUNTED: Readonly<Record<FoundAnswer['kind'], string>> = {
  misaligned: '',
  utf16_offset: ', and this one counts UTF-16 units, as strings in JavaScript and Java do',
  byte_offset: ', and this one counts bytes of UTF-8',
}

const repeated = (place: string, id: string): DataProblem =>
  new DataProblem('duplicate_id', place, 'another question has the same id', {
    remedy: 'Give every question an id of its own: predictions are told apart by it.',
    id,
  })
