import { resolveAnswerOptions } from '../inference/answer-options.ts'
import { SERVER_DEFAULTS } from '../server/defaults.ts'
import type { ServedModel } from '../server/models/models.ts'
import { answerAll, withRequest } from '../server/routes/questions.ts'
import type { StoredSuggestion } from './project/events.ts'
import type { AnnotatedQuestion, ProjectState } from './project/state.ts'

/** Number of questions that the model reads at a time, between which the server answers other requests. */
const BATCH = 8

const LIMITS = {
  question: Number.POSITIVE_INFINITY,
  context: Number.POSITIVE_INFINITY,
  questions: BATCH,
  windows: SERVER_DEFAULTS.max_windows,
}

interface KnownSuggestion {
  /** The words of the question, which may be edited later. */
  readonly question: string
  readonly revision: string
  /** Missing if the model cannot answer the question. */
  readonly suggestion?: StoredSuggestion
}

/** The answers of a model to the questions of a project. They are computed in the background and not stored. */
export class Suggestions {
  private readonly known = new Map<string, KnownSuggestion>()
  private readonly closing = new AbortController()
  private work: Promise<void> | undefined
  /** Number of suggestions so far. */
  count = 0

  constructor(
    /** Returns the current model, which can be replaced while questions are answered. */
    private readonly currentModel: () => ServedModel,
    private readonly state: ProjectState,
    private readonly onError: (error: unknown) => void,
  ) {}

  get modelId(): string {
    return this.currentModel().id
  }

  /** The suggestion for a question, unless it has yet to be computed. */
  of({ id, question }: AnnotatedQuestion): StoredSuggestion | undefined {
    const known = this.known.get(id)
    return known?.question === question ? known.suggestion : undefined
  }

  /** Computes the suggestions for some questions now. */
  async ensure(questions: readonly AnnotatedQuestion[]): Promise<void> {
    const missing = questions.filter((question) => this.isMissing(question))
    for (let i = 0; i < missing.length; i += BATCH) await this.compute(missing.slice(i, i + BATCH))
  }

  /** Computes the suggestions for all questions in the background. */
  start(): void {
    this.work ??= this.computeAll().finally(() => {
      this.work = undefined
    })
  }

  async end(): Promise<void> {
    this.closing.abort()
    await this.work
  }

  private isMissing({ id, question }: AnnotatedQuestion): boolean {
    const known = this.known.get(id)
    const { revision } = this.currentModel().identity
    return question.trim() !== '' && (known?.question !== question || known.revision !== revision)
  }

  private async computeAll(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const next: AnnotatedQuestion[] = []
      for (const question of this.state.questions.values())
        if (this.isMissing(question) && next.push(question) === BATCH) break
      if (next.length === 0) return
      await this.compute(next)
    }
  }

  private async compute(questions: readonly AnnotatedQuestion[]): Promise<void> {
    const model = this.currentModel()
    const { revision } = model.identity
    const options = resolveAnswerOptions({}, model.thread.facts.settings)
    const asker = { client: 'suggestions', signal: this.closing.signal }
    const asked = questions.map(({ question, passage }) => ({ question, context: this.state.passage(passage).text }))
    const texts = questions.map(({ question }) => question)
    try {
      const results = await withRequest(model, { questions: asked, options, limits: LIMITS, asker }, (opened) =>
        answerAll(model, opened, options, asker),
      )
      for (const [i, { answers, no_answer }] of results.entries()) {
        const [{ answer, start, score, confidence }] = answers
        const certainty = confidence ?? (answer === '' ? (no_answer.confidence ?? score) : score)
        const suggestion = { model: model.id, answer, answer_start: start, certainty }
        this.remember(questions[i].id, { question: texts[i], revision, suggestion })
      }
    } catch (error) {
      if (this.closing.signal.aborted) return
      if (questions.length > 1) {
        // One of them may have no room for its text.
        for (const question of questions) await this.compute([question])
        return
      }
      this.onError(error)
      this.remember(questions[0].id, { question: texts[0], revision })
    }
  }

  private remember(id: string, suggestion: KnownSuggestion): void {
    this.known.set(id, suggestion)
    this.count++
  }
}
