import type { Entity } from '../names.ts'

/** The question word. */
export type QuestionKind = 'who' | 'what' | 'when' | 'where' | 'which' | 'how many' | 'why'

/** A fact about an entity, with templates for statements and questions. */
export interface Fact {
  readonly about: Entity['kind']
  readonly kind: QuestionKind
  /** The kind of generated answer, or templates of answer phrases. */
  readonly answer: GeneratedAnswerKind | readonly string[]
  /** Templates without initial capital and full stop. See `../grammar.ts` for the syntax, `../sentence.ts` for slots. */
  readonly statements: readonly string[]
  /** Templates used only in the validation split. */
  readonly unseenStatements: readonly string[]
  readonly questions: readonly string[]
  readonly unseenQuestions: readonly string[]
}

/**
 * `date` is a day or a month with its year; `year` is a year, sometimes with a month or season. The kinds with `first` are
 * the earliest event of the entity. `few` is 3 to 60; `many` is 300 to 90,000.
 */
export type GeneratedAnswerKind =
  | Entity['kind']
  | 'river'
  | 'date'
  | 'first date'
  | 'year'
  | 'first year'
  | 'few'
  | 'many'
