import type { FastifyBaseLogger } from 'fastify'
import { SerialQueue } from '../../threads/serial-queue.ts'
import type { PassageSource } from '../http/contract.ts'
import type { Metrics } from '../models/metrics.ts'
import type { ServedModel } from '../models/models.ts'
import { type LoggedCorrection, type LoggedText, questionId, textId } from './entries.ts'
import { LogFile, type LoggedPair } from './log-file.ts'

export interface QuestionLogOptions {
  readonly path: string
  /** Questions whose answer has a lower confidence are kept. */
  readonly below: number
  readonly maxBytes: number
  readonly log: FastifyBaseLogger
  readonly metrics: Metrics
}

/** A question with the text that contains its best answer. */
export interface AnsweredQuestion {
  readonly question: string
  readonly context: string
  readonly source?: PassageSource
  /** Positions are in `context`. */
  readonly best: {
    readonly answer: string
    readonly start: number
    readonly score: number
    readonly confidence: number | null
  }
}

export interface Correction extends Pick<LoggedCorrection, 'question' | 'answers'> {
  readonly context: string
  readonly source?: PassageSource
}

/** Milliseconds that a response waits for the disk. */
const PATIENCE = 1000
/** Maximum characters that wait for the disk. */
const MAX_WAITING = 2 ** 24

/** Keeps uncertain questions and corrections in a file. Failures are logged once and never reach the client. */
export class QuestionLog {
  private readonly writes = new SerialQueue()
  private waiting = 0
  status: 'ok' | 'full' | 'failing' = 'ok'

  private constructor(
    private readonly file: LogFile,
    private readonly options: QuestionLogOptions,
  ) {}

  /** @throws SpanforgeError if the file cannot be used, see LogFile.open */
  static async open(options: QuestionLogOptions): Promise<QuestionLog> {
    return new QuestionLog(await LogFile.open(options.path, options.maxBytes), options)
  }

  get below(): number {
    return this.options.below
  }

  /** Keeps the questions of which the model is not certain. Resolves once they are in the file, or soon if it is slow. */
  async keep(model: ServedModel, answered: readonly AnsweredQuestion[]): Promise<void> {
    const uncertain = answered.filter(({ best }) => (best.confidence ?? best.score) < this.below)
    if (uncertain.length === 0) return
    const at = new Date().toISOString()
    const pairs = uncertain.map(({ question, context, source, best }): LoggedPair => {
      const text = loggedText(context, source)
      const { answer, start: answer_start, confidence, score } = best
      return {
        text,
        about: {
          ...{ type: 'question', id: questionId(question, context), at, text: text.id, question },
          ...{ answer, answer_start, confidence, score, ...model.identity },
        },
      }
    })
    await this.append(pairs)
  }

  /** Keeps a correction. Returns whether it is in the file. */
  async correct({ question, context, source, answers }: Correction): Promise<boolean> {
    const text = loggedText(context, source)
    const [id, at] = [questionId(question, context), new Date().toISOString()]
    return this.append([{ text, about: { type: 'correction', id, at, text: text.id, question, answers } }])
  }

  async close(): Promise<void> {
    await this.writes.run(() => this.file.close())
  }

  /** Resolves to whether all of the pairs are in the file. */
  private async append(pairs: readonly LoggedPair[]): Promise<boolean> {
    const { metrics } = this.options
    const count = pairs.length
    const size = pairs.reduce((sum, { text, about }) => sum + text.text.length + about.question.length, 0)
    if (this.waiting + size > MAX_WAITING) {
      metrics.unlogged('busy', count)
      return false
    }
    this.waiting += size
    const done = this.writes.run(async () => {
      try {
        const { written, refused } = await this.file.append(pairs)
        metrics.logged(written)
        metrics.unlogged('full', refused)
        if (refused > 0) this.become('full')
        else if (written > 0) this.become('ok')
        return refused === 0
      } catch (error) {
        metrics.unlogged('error', count)
        this.become('failing', error)
        return false
      } finally {
        this.waiting -= size
      }
    })
    return within(PATIENCE, done)
  }

  /** Changes the status, and logs the change. */
  private become(status: QuestionLog['status'], error?: unknown): void {
    if (status === this.status) return
    this.status = status
    const { path, maxBytes, log } = this.options
    const facts = { file: path }
    if (status === 'failing') log.error({ ...facts, err: error }, 'cannot keep questions; answers are not affected')
    else if (status === 'full') log.warn({ ...facts, bytes: maxBytes }, 'the question log is full; no more are kept')
    else log.info(facts, 'questions are kept again')
  }
}

const loggedText = (text: string, source?: PassageSource): LoggedText => ({
  ...{ type: 'text', id: textId(text), text },
  ...(source && { source }),
})

/** Resolves to false if `promise` takes longer. */
async function within(milliseconds: number, promise: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
