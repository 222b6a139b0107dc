/** What people say about answers, as data to train on. */
import { parseSquad, toSquadJson } from '../../../src/squad/squad-json.ts'
import type { Example } from '../../../src/squad/types.ts'
import type { Span } from './marking.ts'

export interface Corrected {
  readonly title: string
  readonly context: string
  readonly question: string
  /** Undefined: the context does not answer. */
  readonly span: Span | undefined
}

/** The list with this correction, which takes the place of an earlier one of the same question to the same text. */
export function corrected(list: readonly Example[], { title, context, question, span }: Corrected): Example[] {
  const answers = span ? [{ text: context.slice(span.start, span.end), answer_start: span.start }] : []
  const rest = list.filter((one) => one.question !== question || one.context !== context)
  return grouped([...rest, { id: newId(), title, question, context, answers }])
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
  readonly max_seq_length: number
}

/** The window that training takes unless told otherwise. */
const USUAL_WINDOW = 384

/** The command that trains a model on the downloaded file. */
export function trainCommand(list: readonly Example[], file: string, model: Trainable): string {
  const { name, source = name, max_seq_length: window } = model
  const flags = [
    `--model ${quoted(source)}`,
    `--train_file ${quoted(file)}`,
    '--output_dir corrected',
    ...(window < USUAL_WINDOW ? [`--max_seq_length ${window}`, `--doc_stride ${window >> 2}`] : []),
    ...(versionOf(list) === 'v2.0' ? ['--version_2_with_negative'] : []),
  ]
  return `npx spanforge train ${flags.join(' ')}`
}

/** As a shell takes it: POSIX shells, and in plain cases every other. */
const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
