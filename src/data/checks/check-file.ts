import { showText, showValue } from '../../show-value.ts'
import type { DataProblem, ProblemKind, Report } from '../../squad/reading/data-problem.ts'
import type { Answer, Example } from '../../squad/types.ts'
import type { WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type DataSource, readExamples, readSourceExamples, type SourceExample, sourceName } from '../read-examples.ts'
import { checkWindows, type WindowCheck } from './check-windows.ts'
import { findLeaks } from './leaks.ts'
import { countWords, type Lengths, lengthsOf } from './lengths.ts'
import { type Contexts, contextsOf, firstAlike, haveSameAnswers } from './repeats.ts'

export type FindingKind =
  | ProblemKind
  | 'leak'
  | 'question_too_long'
  | 'repeated_question'
  | 'other_answers'
  | 'odd_answer'
  | 'empty_context'
  | 'no_window'

export interface Finding {
  readonly kind: FindingKind
  readonly message: string
  /** Ids of the affected questions. */
  readonly ids: readonly string[]
  /** How a corrected copy fixes the problem; undefined if it cannot be fixed automatically. */
  readonly correction?: string
}

export interface FileCheck {
  readonly file: string
  readonly questions: number
  readonly contexts: number
  readonly articles: number
  readonly answers: number
  readonly unanswered: number
  /** Errors that stop a training run or would distort its metrics. */
  readonly problems: readonly Finding[]
  /** Findings worth a look, which also occur in good datasets. */
  readonly notes: readonly Finding[]
  /** Lengths in words, split at whitespace. */
  readonly lengths: Readonly<Record<'context' | 'question' | 'answer', Lengths>>
  readonly windows?: WindowCheck
  /** The questions for a corrected copy: all readable questions without leaks and empty texts. */
  readonly sound: readonly SourceExample[]
}

export interface CheckOptions {
  /** Validation data to check for leaks. */
  readonly validation?: DataSource
  readonly cutting?: WindowOptions & { readonly tokenizer: Tokenizer }
  readonly onProgress?: (done: number, total: number) => void | Promise<void>
}

/** Reads a whole data file and collects its problems and notes. */
export async function checkFile(
  source: DataSource,
  { validation, cutting, onProgress }: CheckOptions,
): Promise<FileCheck> {
  const problems: Finding[] = []
  const report: Report = (problem) => problems.push(ofReading(problem))
  const examples = await readSourceExamples(source, { report })
  const contexts = contextsOf(examples)
  const leaking = new Set<number>()
  if (validation !== undefined)
    for (const { finding, questions } of await leaks(examples, contexts, validation)) {
      problems.push(finding)
      for (const question of questions) leaking.add(question)
    }
  const wordless = new Set<number>()
  for (const [index, finding] of withoutContext(examples)) {
    problems.push(finding)
    wordless.add(index)
  }
  const notes = [...repeats(examples, contexts), ...oddAnswers(examples)]
  const windows =
    cutting && (await checkWindows(cutting.tokenizer, examples, cutting, (done) => onProgress?.(done, examples.length)))
  for (const [index, message] of windows?.tooLong ?? [])
    problems.push({ kind: 'question_too_long', message, ids: [examples[index].id] })
  notes.push(...(windows?.unheld ?? []).map((index) => noWindow(examples[index])))
  const answers = examples.flatMap((example) => example.answers)
  const words = (texts: readonly string[]) => lengthsOf(texts.map(countWords))
  return {
    file: sourceName(source),
    questions: examples.length,
    contexts: contexts.texts.length,
    articles: new Set(examples.flatMap(({ title }) => title ?? [])).size,
    answers: answers.length,
    unanswered: examples.filter((example) => !example.answers.length).length,
    problems,
    notes,
    lengths: {
      context: words(contexts.texts),
      question: words(examples.map(({ question }) => question)),
      answer: words(answers.map(({ text }) => text)),
    },
    windows,
    sound: examples.filter((_, index) => !leaking.has(index) && !wordless.has(index)),
  }
}

const ofReading = ({ kind, message, id, correction }: DataProblem): Finding => ({
  kind,
  message,
  ids: id === undefined ? [] : [id],
  correction: correction ?? CORRECTIONS[kind],
})

/** The correction of a question that is removed from a corrected copy. */
export const LEFT_OUT = 'removed'

const CORRECTIONS: Readonly<Partial<Record<ProblemKind, string>>> = {
  cut_off: LEFT_OUT,
  layout: LEFT_OUT,
  empty_question: LEFT_OUT,
  empty_answer: LEFT_OUT,
  misaligned: LEFT_OUT,
  duplicate_id: 'removed if the questions are identical, otherwise given a new id',
}

async function leaks(examples: readonly Example[], contexts: Contexts, validation: DataSource) {
  const others = await readExamples(validation)
  const otherContexts = contextsOf(others)
  return findLeaks(contexts, otherContexts).map((leak) => {
    const questions = examples.flatMap((_, i) => (contexts.of[i] === leak.training ? i : []))
    const other = others[otherContexts.of.indexOf(leak.validation)]
    const shared = leak.run === undefined ? 'is' : `shares ${showValue(leak.run)} with`
    const message = `the context of question ${examples[questions[0]].id} ${shared} that of question ${other.id} in ${sourceName(validation)}`
    const ids = questions.map((i) => examples[i].id)
    return { finding: { kind: 'leak' as const, message, ids, correction: LEFT_OUT }, questions }
  })
}

function repeats(examples: readonly Example[], contexts: Contexts): Finding[] {
  return firstAlike(examples, contexts).flatMap((first, index): Finding[] => {
    if (first === index) return []
    const [a, b] = [examples[first], examples[index]]
    const same = haveSameAnswers(a, b)
    const message = `questions ${a.id} and ${b.id} have the same text and context, ${same ? 'and the same' : 'but different'} answers`
    return [{ kind: same ? 'repeated_question' : 'other_answers', message, ids: [a.id, b.id] }]
  })
}

function oddAnswers(examples: readonly Example[]): Finding[] {
  return examples.flatMap((example) =>
    example.answers.flatMap((answer): Finding[] => {
      const odd = oddity(answer, example.context)
      if (!odd) return []
      const message = `question ${showText(example.id)}: its answer ${odd}: ${showValue(inItsPlace(answer, example))}`
      return [{ kind: 'odd_answer', message, ids: [example.id] }]
    }),
  )
}

/** Unanswerable questions whose context is empty, which training would accept. */
const withoutContext = (examples: readonly Example[]): [index: number, Finding][] =>
  examples.flatMap(({ id, context }, index): [number, Finding][] => {
    const message = `question ${showText(id)}: its context is empty`
    return context.trim() ? [] : [[index, { kind: 'empty_context', message, ids: [id], correction: LEFT_OUT }]]
  })

const noWindow = ({ id, answers }: Example): Finding => ({
  kind: 'no_window',
  message: `question ${showText(id)}: no window contains its whole answer ${showValue(answers[0].text)}`,
  ids: [id],
})

const isWordPart = (character: string): boolean => /[\p{L}\p{M}\p{N}]/u.test(character)

/** Describes what is suspicious about a correctly positioned answer; undefined if nothing is. */
export function oddity({ text, answer_start }: Answer, context: string): string | undefined {
  if (!/[^\s]/u.test(text)) return 'is only whitespace'
  if (text !== text.trim()) return 'starts or ends with whitespace'
  if (isInsideWord(context, answer_start) || isInsideWord(context, answer_start + text.length))
    return 'starts or ends inside a word'
  return undefined
}

/** Whether a position is between two characters of a word (letters, digits or marks). */
function isInsideWord(context: string, at: number): boolean {
  const before = [...context.slice(Math.max(0, at - 2), at)].at(-1)
  const after = context.codePointAt(at)
  return before !== undefined && after !== undefined && isWordPart(before) && isWordPart(String.fromCodePoint(after))
}

/** Shows an answer in brackets with the surrounding text. */
export function inItsPlace({ text, answer_start }: Answer, { context }: Example): string {
  const end = answer_start + text.length
  return `${context.slice(Math.max(0, answer_start - 20), answer_start)}[${text}]${context.slice(end, end + 20)}`
}
