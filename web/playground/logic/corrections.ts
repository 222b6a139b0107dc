/** What people say about answers, as data to train on. */
import { parseSquad, toSquadJson } from '../../../src/squad/reading/squad-json.ts'
import type { Example } from '../../../src/squad/types.ts'
import type { Span } from './marking.ts'
import { passageAround } from './passage.ts'

export interface Corrected {
  readonly title: string
  readonly text: string
  readonly question: string
  /** The right answer; undefined where the text does not answer the question. */
  readonly span: Span | undefined
  /** The place that was taken for the answer, where there is none: its surroundings are kept. */
  readonly mistaken?: Span
}

/**
 * The list with this correction, in place of an earlier one of the same question about the same text. The correction
 * keeps the passage around the answer, not the whole text.
 */
export function corrected(
  list: readonly Example[],
  { title, text, question, span, mistaken = { start: 0, end: 0 } }: Corrected,
): Example[] {
  const passage = passageAround(text, span ?? mistaken)
  const context = text.slice(passage.start, passage.end)
  const answers = span ? [{ text: text.slice(span.start, span.end), answer_start: span.start - passage.start }] : []
  const rest = list.filter((one) => !isAbout(one, question, text))
  return grouped([...rest, { id: newId(), title, question, context, answers }])
}

const isAbout = (one: Example, question: string, text: string): boolean =>
  one.question === question && text.includes(one.context)

export interface KnownAnswer {
  readonly text: string
  /** Where in the whole text it is. */
  readonly span: Span
}

/** What was kept for a question about this text: its answer, null where there is none, undefined where nothing was. */
export function correctionOf(list: readonly Example[], question: string, text: string): KnownAnswer | null | undefined {
  const one = list.find((each) => isAbout(each, question, text))
  if (!one) return undefined
  const [answer] = one.answers
  if (!answer) return null
  const start = text.indexOf(one.context) + answer.answer_start
  return { text: answer.text, span: { start, end: start + answer.text.length } }
}

/** Questions to one text one after the other, as SQuAD's paragraphs hold them; texts in the order they came. */
const grouped = (list: readonly Example[]): Example[] =>
  [
    ...list
      .reduce(
        (texts, one) => texts.set(one.context, [...(texts.get(one.context) ?? []), one]),
        new Map<string, Example[]>(),
      )
      .values(),
  ].flat()

/** `crypto.randomUUID` is not there on pages that come over plain HTTP from another machine. */
const newId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

export const fileOf = (list: readonly Example[]): string => `${toSquadJson(list)}\n`

export const versionOf = (list: readonly Example[]): 'v1.1' | 'v2.0' =>
  list.some(({ answers }) => answers.length === 0) ? 'v2.0' : 'v1.1'

/** Corrections as they were kept; undefined where they cannot be read. */
export function parseCorrections(json: string | undefined): Example[] | undefined {
  if (json === undefined) return []
  try {
    return parseSquad(json, 'corrections')
  } catch {
    return undefined
  }
}

/** What the command needs to know of a model. */
export interface Trainable {
  readonly name: string
  /** Its folder, or name on the hub, where the server tells it. */
  readonly source?: string
}

/** The command that trains a model on the downloaded file. */
export function trainCommand(list: readonly Example[], file: string, { name, source = name }: Trainable): string {
  const flags = [
    `--model ${quoted(source)}`,
    `--train_file ${quoted(file)}`,
    '--output_dir corrected',
    ...(versionOf(list) === 'v2.0' ? ['--version_2_with_negative'] : []),
  ]
  return `npx spanforge train ${flags.join(' ')}`
}

/** As a shell takes it: POSIX shells, and in plain cases every other. */
const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
