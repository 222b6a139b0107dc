/** User corrections as training data. */
import { parseSquad, toSquadJson } from '../../../src/squad/reading/squad-json.ts'
import type { Example, TextSpan } from '../../../src/squad/types.ts'
import { randomId } from '../../shared/random-id.ts'
import { passageAround } from './passage.ts'

export interface Corrected {
  readonly title: string
  readonly text: string
  readonly question: string
  /** The correct answer, or undefined if the text does not answer the question. */
  readonly span: TextSpan | undefined
  /** The model's wrong answer if there is no correct one; its surroundings are saved. */
  readonly mistaken?: TextSpan
}

/**
 * Adds a correction to the list, replacing an earlier one for the same question and text. It contains the passage
 * around the answer instead of the whole text.
 */
export function corrected(
  list: readonly Example[],
  { title, text, question, span, mistaken = { start: 0, end: 0 } }: Corrected,
): Example[] {
  const passage = passageAround(text, span ?? mistaken)
  const context = text.slice(passage.start, passage.end)
  const answers = span ? [{ text: text.slice(span.start, span.end), answer_start: span.start - passage.start }] : []
  const rest = list.filter((one) => !isAbout(one, question, text))
  return grouped([...rest, { id: randomId(), title, question, context, answers }])
}

const isAbout = (one: Example, question: string, text: string): boolean =>
  one.question === question && text.includes(one.context)

export interface KnownAnswer {
  readonly text: string
  /** Position in the whole text. */
  readonly span: TextSpan
}

/** The saved answer to a question about this text: null for "no answer", undefined if nothing is saved. */
export function correctionOf(list: readonly Example[], question: string, text: string): KnownAnswer | null | undefined {
  const one = list.find((each) => isAbout(each, question, text))
  if (!one) return undefined
  const [answer] = one.answers
  if (!answer) return null
  const start = text.indexOf(one.context) + answer.answer_start
  return { text: answer.text, span: { start, end: start + answer.text.length } }
}

/** Groups questions by text, as in the paragraphs of SQuAD, in order of first appearance. */
const grouped = (list: readonly Example[]): Example[] =>
  [
    ...list
      .reduce(
        (texts, one) => texts.set(one.context, [...(texts.get(one.context) ?? []), one]),
        new Map<string, Example[]>(),
      )
      .values(),
  ].flat()

export const fileOf = (list: readonly Example[]): string => `${toSquadJson(list)}\n`

export const versionOf = (list: readonly Example[]): 'v1.1' | 'v2.0' =>
  list.some(({ answers }) => answers.length === 0) ? 'v2.0' : 'v1.1'

/** Parses stored corrections. Returns undefined if they are corrupted. */
export function parseCorrections(json: string | undefined): Example[] | undefined {
  if (json === undefined) return []
  try {
    return parseSquad(json, 'corrections')
  } catch {
    return undefined
  }
}

/** The model fields needed for the command. */
export interface Trainable {
  readonly name: string
  /** Folder or hub name, if the server reveals it. */
  readonly source?: string
  /** Whether it is an export, which cannot be trained. */
  readonly exported?: boolean
}

/** Whether the command that trains the model names a folder relative to that in which the server was started. */
export const isFromServerFolder = ({ source, exported }: Trainable): boolean =>
  source !== undefined && !exported && !/^(\/|\\\\|[A-Za-z]:)/.test(source)

/** The command that trains a model on the downloaded file. An exported model cannot be trained; MODEL stands for another. */
export function correctionTrainingCommand(
  list: readonly Example[],
  file: string,
  { name, source = name, exported }: Trainable,
): string {
  const flags = [
    `--model ${exported ? 'MODEL' : quoted(source)}`,
    `--train_file ${quoted(file)}`,
    '--output_dir corrected',
    ...(versionOf(list) === 'v2.0' ? ['--version_2_with_negative'] : []),
  ]
  return `npx spanforge train ${flags.join(' ')}`
}

/** Quotes a word for POSIX shells if necessary. */
const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
