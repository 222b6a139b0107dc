import { UsageError } from '../../errors.ts'
import { showText, showValue } from '../../show-value.ts'
import type { Answer } from '../../squad/types.ts'
import type { AnnotatedPassage, AnnotationEvent, NewEvent, StoredSuggestion } from './events.ts'

export type PassageStatus = 'open' | 'done' | 'skipped'

/** What one annotator answered. */
export interface AnnotatorResponse {
  /** Empty if the passage does not answer the question. */
  readonly answers: readonly Answer[]
  readonly at: string
  readonly suggestion?: StoredSuggestion
  readonly outcome?: 'accepted' | 'corrected'
}

export interface AnnotatedQuestion {
  readonly id: string
  readonly passage: string
  /** Empty for imported marks whose question has yet to be written. */
  question: string
  /** The label of such marks. */
  readonly label?: string
  readonly author?: string
  /** The file that it comes from. */
  readonly source?: string
  /** The answers in that file. */
  given?: readonly Answer[]
  /** The answer that a served model gave to the question as it was imported. */
  suggested?: StoredSuggestion
  readonly responses: Map<string, AnnotatorResponse>
  /** Comments by annotator; those of the imported file are under "". */
  readonly comments: Map<string, string>
  /** The annotator whose answers have been chosen. */
  decided?: string
}

export interface PassageState extends AnnotatedPassage {
  /** The document that contains it; the first if there are several. */
  document: string
  readonly questions: string[]
  readonly status: Map<string, PassageStatus>
  readonly comments: Map<string, string>
  readonly assigned: Set<string>
}

export interface DocumentState {
  readonly name: string
  readonly title?: string
  readonly digest: string
  /** Ids of its passages, in reading order. */
  readonly passages: readonly string[]
}

/** The state of a project: what its events add up to. */
export class ProjectState {
  readonly documents = new Map<string, DocumentState>()
  readonly passages = new Map<string, PassageState>()
  readonly questions = new Map<string, AnnotatedQuestion>()
  /** What was imported under each id, also if it has been edited or deleted since. */
  readonly imported = new Map<string, string>()
  /** The people who may annotate; anyone if it is empty. */
  annotators: readonly string[] = []
  /** Number of events. */
  revision = 0
  /** When the project was created, which tells it from others. */
  created = ''

  /** Everyone who is named or has done something, by name. */
  get people(): string[] {
    const names = new Set(this.annotators)
    for (const { responses, author, comments } of this.questions.values())
      for (const name of [...responses.keys(), ...comments.keys(), author ?? '']) names.add(name)
    for (const { status, comments } of this.passages.values())
      for (const name of [...status.keys(), ...comments.keys()]) names.add(name)
    names.delete('')
    return [...names].sort()
  }

  passage(id: string): PassageState {
    const found = this.passages.get(id)
    if (!found) throw new UsageError(`unknown passage ${showValue(id)}`, 'Reload the page.')
    return found
  }

  question(id: string): AnnotatedQuestion {
    const found = this.questions.get(id)
    if (!found) throw new UsageError(`unknown question ${showValue(id)}`, 'It may have been deleted. Reload the page.')
    return found
  }

  /** The question of a passage with the same words, apart from case, spaces and final punctuation. */
  sameQuestion(passage: PassageState, question: string): AnnotatedQuestion | undefined {
    const words = wordsOf(question)
    return this.questionsOf(passage).find((other) => wordsOf(other.question) === words)
  }

  questionsOf({ questions }: PassageState): AnnotatedQuestion[] {
    return questions.map((id) => this.questions.get(id)!)
  }

  /** @throws UsageError if the event does not fit the state */
  check(event: NewEvent): void {
    if ('annotator' in event && event.type !== 'assign') this.checkAnnotator(event.annotator)
    switch (event.type) {
      case 'imported':
        checkAnswers(this.passage(event.passage), event.answers ?? [])
        break
      case 'question':
        if (this.questions.has(event.id!)) throw new UsageError(`question ${showValue(event.id)} already exists`)
        this.passage(event.passage)
        break
      case 'status':
        this.passage(event.passage)
        break
      case 'comment':
        if (event.id === undefined) this.passage(event.passage)
        else this.question(event.id)
        break
      case 'given':
      case 'answer':
        checkAnswers(this.passage(this.question(event.id).passage), event.answers)
        break
      case 'edit':
      case 'delete':
      case 'withdraw':
        this.question(event.id)
        break
      case 'decide':
        if (!this.question(event.id).responses.has(event.from))
          throw new UsageError(`${showText(event.from)} has not answered question ${showValue(event.id)}`)
    }
  }

  private checkAnnotator(name: string): void {
    if (this.annotators.length === 0 || this.annotators.includes(name)) return
    throw new UsageError(
      `unknown annotator ${showValue(name)}; annotators are ${this.annotators.join(', ')}`,
      'Add the name to --annotators and start the server again.',
    )
  }

  apply(event: AnnotationEvent): void {
    this.revision++
    switch (event.type) {
      case 'project':
        this.created = event.at
        break
      case 'document':
        this.addDocument(event)
        break
      case 'imported': {
        const { id, passage, question, label, source, answers: given, comment, suggestion: suggested } = event
        const comments = new Map(comment ? [['', comment]] : [])
        this.addQuestion({ id, passage, question, label, source, given, suggested, comments, responses: new Map() })
        this.imported.set(id, importKey(event))
        break
      }
      case 'given':
        this.question(event.id).given = event.answers
        break
      case 'question': {
        const { id, passage, question, annotator: author } = event
        this.addQuestion({ id: id!, passage, question, author, comments: new Map(), responses: new Map() })
        break
      }
      case 'annotators':
        this.annotators = event.names
        break
      case 'assign':
        for (const id of event.passages) this.passage(id).assigned.add(event.annotator)
        break
      case 'edit': {
        const question = this.question(event.id)
        question.question = event.question
        question.suggested = undefined
        break
      }
      case 'delete': {
        const { questions } = this.passage(this.question(event.id).passage)
        questions.splice(questions.indexOf(event.id), 1)
        this.questions.delete(event.id)
        break
      }
      case 'answer': {
        const question = this.question(event.id)
        const { answers, at, suggestion, outcome } = event
        question.responses.set(event.annotator, { answers, at, suggestion, outcome })
        question.decided = undefined
        break
      }
      case 'withdraw': {
        const question = this.question(event.id)
        question.responses.delete(event.annotator)
        if (question.decided === event.annotator) question.decided = undefined
        break
      }
      case 'comment': {
        const { comments } = event.id === undefined ? this.passage(event.passage) : this.question(event.id)
        if (event.comment) comments.set(event.annotator, event.comment)
        else comments.delete(event.annotator)
        break
      }
      case 'status':
        this.passage(event.passage).status.set(event.annotator, event.status)
        break
      case 'decide':
        this.question(event.id).decided = event.from
    }
  }

  private addDocument({ name, title, digest, passages }: Extract<AnnotationEvent, { type: 'document' }>): void {
    this.documents.set(name, { name, title, digest, passages: passages.map(({ id }) => id) })
    for (const passage of passages) {
      const known = this.passages.get(passage.id)
      if (known) {
        if (!this.documents.get(known.document)?.passages.includes(known.id)) known.document = name
        continue
      }
      const empty = { questions: [], status: new Map(), comments: new Map(), assigned: new Set<string>() }
      this.passages.set(passage.id, { ...passage, ...empty, document: name })
    }
  }

  private addQuestion(question: AnnotatedQuestion): void {
    this.questions.set(question.id, question)
    this.passage(question.passage).questions.push(question.id)
  }
}

/** Identifies what an imported question says. */
export const importKey = ({
  passage,
  question,
  label = '',
}: Pick<AnnotatedQuestion, 'passage' | 'question' | 'label'>) => JSON.stringify([passage, question, label])

function checkAnswers({ id, text }: PassageState, answers: readonly Answer[]): void {
  for (const { text: answer, answer_start: start } of answers) {
    const found = text.slice(start, start + answer.length)
    if (found !== answer)
      throw new UsageError(
        `answer ${showValue(answer)} is not at character ${start} of passage ${showValue(id)} (found ${showValue(found)})`,
        'answer_start counts UTF-16 units, as in JavaScript.',
      )
    if (answer.trim() === '') throw new UsageError('an answer is only white space, expected words of the passage')
    if (cutsCharacter(text, start) || cutsCharacter(text, start + answer.length))
      throw new UsageError(`answer ${showValue(answer)} starts or ends inside a character`)
  }
}

/** Whether an index is between the halves of a character outside the basic plane. */
const cutsCharacter = (text: string, index: number): boolean =>
  /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(index - 1, index + 1)) && index > 0

const wordsOf = (question: string): string =>
  question
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[\s?.!]+$/, '')
    .trim()
