/**
 * The format of a question log: JSON lines that are only ever appended. The first line names the format. A text is stored
 * once, before the first question about it.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { cannotRead, openRegularFile } from '../../files/binary-file.ts'
import { showIssues } from '../../show-value.ts'
import { PassageSource } from '../http/contract.ts'

/** The first line of a log. */
export const LOG_HEADER = '{"spanforge":"question log","format":1}\n'

const id = z.string().min(1).max(64)
const at = z.iso.datetime()

const text = z.object({
  type: z.literal('text'),
  id,
  text: z.string().min(1),
  /** Missing for texts that were sent with the question. */
  source: PassageSource.optional(),
})

const question = z.object({
  type: z.literal('question'),
  id,
  at,
  /** Id of the text. */
  text: id,
  question: z.string(),
  /** The model's answer; "" if it found none. */
  answer: z.string(),
  /** UTF-16 index in the text; 0 for "". */
  answer_start: z.int().nonnegative(),
  /** Null if the model has no stored confidence. */
  confidence: z.number().nullable(),
  /** Probability among all spans. */
  score: z.number(),
  /** Id of the model. */
  model: z.string(),
  /** Digest of the weights, configuration and tokenizer. */
  revision: z.string().optional(),
})

const correction = z.object({
  type: z.literal('correction'),
  id,
  at,
  text: id,
  question: z.string(),
  /** Empty if the text does not answer the question. */
  answers: z.array(z.object({ text: z.string().min(1), answer_start: z.int().nonnegative() })),
})

export const logEntry = z.discriminatedUnion('type', [text, question, correction])

export type LoggedText = z.output<typeof text>
export type LoggedQuestion = z.output<typeof question>
export type LoggedCorrection = z.output<typeof correction>
export type QuestionLogEntry = z.output<typeof logEntry>

const digest = (value: string, length: number): string =>
  createHash('sha256').update(value).digest('hex').slice(0, length)

export const textId = (context: string): string => digest(context, 16)

/** The id of a question about a text. */
export const questionId = (question: string, text: string): string => digest(JSON.stringify([question, text]), 24)

/** Whether a file that starts like this is a question log. */
export const isQuestionLog = (head: string): boolean => head.startsWith(LOG_HEADER)

/** A line that is not an entry. */
export interface BadLogLine {
  /** Counted from 1. */
  readonly line: number
  readonly reason: string
}

export interface ReadLogLine {
  readonly item: QuestionLogEntry | BadLogLine
  /** Bytes up to the end of this line. */
  readonly end: number
}

const LINE_FEED = 0x0a

/** Streams the lines of a log after the first. An incomplete last line is left out, because it is still being written. */
export async function* readQuestionLog(path: string): AsyncGenerator<ReadLogLine> {
  const file = await openRegularFile(path)
  try {
    let end = 0
    let line = 0
    let rest: Buffer[] = []
    const chunks = file.createReadStream({ autoClose: false, highWaterMark: 2 ** 20 })
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      let from = 0
      for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
        const bytes = Buffer.concat([...rest, chunk.subarray(from, to)])
        rest = []
        from = to + 1
        end += bytes.length + 1
        line++
        if (line > 1) yield { item: parseEntry(bytes.toString(), line), end }
      }
      rest.push(chunk.subarray(from))
    }
  } catch (error) {
    throw cannotRead(path, error)
  } finally {
    await file.close()
  }
}

function parseEntry(json: string, line: number): QuestionLogEntry | BadLogLine {
  try {
    const { success, data, error } = logEntry.safeParse(parseBoundedJson(json))
    return success ? data : { line, reason: `not an entry of a question log: ${showIssues(error.issues)}` }
  } catch (error) {
    return { line, reason: `not valid JSON (${(error as Error).message})` }
  }
}
