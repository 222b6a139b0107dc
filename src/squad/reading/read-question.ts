import { showText, showValue } from '../../show-value.ts'
import type { Answer, Example } from '../types.ts'
import { CodePoints } from './code-points.ts'
import type { Columns } from './columns.ts'
import { DataProblem, orReport, type Report } from './data-problem.ts'
import { AnswerFinder, cutsNumber, type FoundAnswer, likelyPlaces } from './find-answer.ts'
import type { JsonPart } from './json-text.ts'

/** An unvalidated question of a file. Its parts know their position in the file. */
export interface QuestionRecord {
  /** Line, row or paragraph, such as `train.jsonl: line 3`. */
  readonly place: string
  /** Null, undefined or empty if the question has no id. */
  readonly id: JsonPart
  readonly title: JsonPart
  readonly question: JsonPart
  readonly context: JsonPart
  /** Labeled answers, with `answer_start` in code points. Empty for a question marked `is_impossible`. */
  readonly answers: () => readonly AnswerParts[]
  readonly source: SourceRow
}

/** The original row of a file, with all its columns. In the SQuAD layout, a question without its context. */
export interface SourceRow {
  readonly columns: Columns
  readonly values: Readonly<Record<string, unknown>>
  /** Column with the answer as text; undefined if answers are objects or lists. */
  readonly answerColumn?: string
}

interface Remedy {
  readonly remedy: string
  readonly correction?: string
}

/** Whether a value is an id. Empty ids of tables and JSON files count as missing. */
export const isId = (value: unknown): boolean => value != null && value !== ''

/** The id of a question that has none, by its number among those, from 1. */
export const numberedId = (number: number): string => `q${number}`

/** Gives every question an id. All readers of questions use it, so that they agree on the ids of numbered questions. */
export class QuestionIds {
  private numbered = 0

  /** Returns the id of the next question in the data. */
  next(part: JsonPart): string {
    if (!isId(part.value)) return numberedId(++this.numbered)
    return typeof part.value === 'number' ? String(part.value) : part.string()
  }
}

export interface AnswerParts {
  readonly text: JsonPart
  /** Position of the answer. If undefined, the answer is found by its text, which must be unique in the context. */
  readonly answer_start: JsonPart | undefined
}

/** Converts the questions of one file to examples, and reports problems. */
export class QuestionReader {
  private readonly ids = new QuestionIds()
  private readonly seen = new Set<string>()
  /** Last non-empty context. */
  private last: string | undefined
  private context = ''
  private codePoints = new CodePoints('')
  private readonly finder = new AnswerFinder()

  constructor(readonly report: Report) {}

  /**
   * Converts a question. Returns undefined if it has a problem that cannot be corrected. A question that loses all its
   * answers is skipped, because it would otherwise become unanswerable.
   */
  read(record: QuestionRecord): Example | undefined {
    return orReport(this.report, () => {
      const id = this.ids.next(record.id)
      const place = `${record.place}, question ${showText(id)}`
      if (this.seen.has(id)) this.report(repeated(place, id))
      this.seen.add(id)
      const title = record.title.value == null ? undefined : record.title.string()
      const question = record.question.string()
      if (!question.trim())
        throw new DataProblem('empty_question', place, 'the question is empty', { id, ...NO_QUESTION })
      const parts = record.answers()
      const context = this.contextOf(record.context.string(), place, { id, isNeeded: parts.some(hasWords) })
      const answers = parts.flatMap((part) => orReport(this.report, () => this.answer(part, context, place, id)) ?? [])
      if (parts.length && !answers.length) return undefined
      return { id, ...(title !== undefined && { title }), question, context, answers }
    })
  }

  /** Returns the context of a question with answers. If it is empty (merged cells), uses the previous one. */
  private contextOf(context: string, place: string, { id, isNeeded }: { id: string; isNeeded: boolean }): string {
    if (context.trim()) this.last = context
    if (context.trim() || !isNeeded) return context
    const correction = this.last && 'previous context'
    const problem = new DataProblem('layout', place, 'the context is empty', { id, correction, ...NO_CONTEXT })
    if (!this.last) throw problem
    this.report(problem)
    return this.last
  }

  private answer(part: AnswerParts, context: string, place: string, id: string): Answer | undefined {
    const text = part.text.string()
    if (!text) throw new DataProblem('empty_answer', place, 'its answer is empty', { remedy: NO_ANSWER, id })
    const { answer_start: start } = part
    const count = start && orReport(this.report, () => start.count('position found by the text'))
    // Questions of the same paragraph reuse its code points.
    if (context !== this.context) this.codePoints = new CodePoints(context)
    this.context = context
    if (count === undefined) return this.onlyPlace(text, context, place, id)
    const answer_start = this.codePoints.toUtf16(count)
    if (context.startsWith(text, answer_start)) return { text, answer_start }
    const found = this.finder.find(text, context, count, this.codePoints)
    const there = showValue(context.slice(answer_start, answer_start + text.length))
    const finding = `answer ${showValue(text)} is not at character ${count} of the context (found ${there})`
    const about = { id, ...this.remedy(text, found, context) }
    this.report(new DataProblem(found?.kind ?? 'misaligned', place, finding, about))
    return found?.answer
  }

  /** Returns the only occurrence of the text. If there are several, reports and returns the most likely one. */
  private onlyPlace(text: string, context: string, place: string, id: string): Answer | undefined {
    const [first, ...others] = likelyPlaces(text, context)
    const number = first && cutsNumber(first, context) ? this.finder.findVariant(text, context) : undefined
    if (number) return this.variant(number, text, { context, place, id })
    if (first && others.length === 0) return first
    if (first) {
      const correction = `${this.characterOf(first)}, the first`
      const finding = `answer ${showValue(text)} occurs ${1 + others.length} times in the context`
      const remedy = `${WHICH} ${fixTakes(correction)}`
      this.report(new DataProblem('ambiguous_answer', place, finding, { id, remedy, correction }))
      return first
    }
    return this.variant(this.finder.findVariant(text, context), text, { context, place, id })
  }

  private variant(
    found: FoundAnswer | undefined,
    text: string,
    { context, place, id }: Readonly<Record<'context' | 'place' | 'id', string>>,
  ): Answer | undefined {
    const finding = `answer ${showValue(text)} does not occur in the context`
    this.report(new DataProblem('misaligned', place, finding, { id, ...this.remedyOfVariant(found, text, context) }))
    return found?.answer
  }

  private remedyOfVariant(variant: FoundAnswer | undefined, text: string, context: string): Remedy {
    if (!variant) return { remedy: remedyOfMissing(text, context) }
    const { answer, places } = variant
    const correction = `${this.characterOf(answer)} as ${showValue(answer.text)}${places > 1 ? ', the first' : ''}`
    if (answer.text.normalize() === text.normalize())
      return { remedy: `It occurs in another Unicode normalization form. ${fixTakes(correction)}`, correction }
    const several = places > 1 ? ` It occurs ${places} times; choose one with answer_start.` : ''
    return { remedy: `Did you mean ${showValue(answer.text)}?${several} ${fixTakes(correction)}`, correction }
  }

  private remedy(text: string, found: FoundAnswer | undefined, context: string): Remedy {
    if (!found) return { remedy: remedyOfMissing(text, context) }
    const { answer, kind } = found
    const at = this.characterOf(answer)
    if (answer.text.normalize() === text.normalize() && answer.text !== text)
      return { remedy: `It is at ${at}, in another Unicode normalization form. ${FIX} corrects it.`, correction: at }
    if (answer.text !== text) {
      const as = `${at} as ${showValue(answer.text)}`
      return { remedy: `Did you mean ${showValue(answer.text)}, at ${at}? ${FIX} corrects it.`, correction: as }
    }
    const remedy = `It is at ${at}; answer_start counts Unicode code points from 0${COUNTED[kind]}. ${FIX} corrects it.`
    return { remedy, correction: at }
  }

  private characterOf({ answer_start }: Answer): string {
    return `character ${this.codePoints.fromUtf16(answer_start)}`
  }
}

const FIX = '"spanforge data check FILE --fix OUT"'

const fixTakes = (correction: string): string => `${FIX} uses ${correction}.`

/** Whether an answer is not just whitespace. */
const hasWords = ({ text }: AnswerParts): boolean => typeof text.value !== 'string' || text.value.trim() !== ''

const NO_QUESTION = { remedy: `Write the question, or remove it from the file; ${FIX} does the latter.` }

const NO_CONTEXT = { remedy: `Repeat the context in the row of each of its questions. ${FIX} uses the previous one.` }

const NOT_THERE = 'The context does not contain this answer: correct its text, or remove the question.'

/** Texts commonly used for "no answer". */
const NO_ANSWER_WORDS = /^(n\/?a|nan|none|null|nil|-+|no answer|not answerable|unanswerable|cannotanswer|unknown)$/i

function remedyOfMissing(text: string, context: string): string {
  if (NO_ANSWER_WORDS.test(text.trim())) return 'If the context does not answer the question, leave the answer empty.'
  const several = answersIn(text, context)
  if (several) return `It holds ${several.length} answers: write them as a list, ${JSON.stringify(several)}.`
  return NOT_THERE
}

/** People separate several answers by one of these, perhaps with spaces around it. */
const SEPARATORS = ['|', ';', '\n', '/', ',']

/** More answers than that are not listed in a message. */
const MAX_ANSWERS = 10

/** The answers of a text that holds several, all of which are in the context. */
function answersIn(text: string, context: string): string[] | undefined {
  for (const separator of SEPARATORS) {
    const parts = text
      .split(separator)
      .map((part) => part.trim())
      .filter(Boolean)
    const isList = parts.length > 1 && parts.length <= MAX_ANSWERS
    if (isList && parts.every((part) => likelyPlaces(part, context).length > 0)) return parts
  }
  return undefined
}

const WHICH = 'Choose one with answer_start, the number of Unicode code points before it.'

const NO_ANSWER = 'Write "answers": [] for no answer.'

const COUNTED: Readonly<Record<FoundAnswer['kind'], string>> = {
  misaligned: '',
  utf16_offset: ', but this one counts UTF-16 units, like strings in JavaScript and Java',
  byte_offset: ', but this one counts UTF-8 bytes',
}

const repeated = (place: string, id: string): DataProblem =>
  new DataProblem('duplicate_id', place, 'another question has the same id', {
    remedy: 'Give every question a unique id, because predictions are stored by id.',
    id,
  })
