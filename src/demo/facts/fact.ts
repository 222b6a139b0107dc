import type { Entity } from '../names.ts'

/** The first words of a question. */
export type QuestionKind = 'who' | 'what' | 'when' | 'where' | 'which' | 'how many' | 'why'

/** What may be asked of an entity, and the sentences that tell it. */
export interface Fact {
  readonly about: Entity['kind']
  readonly asks: QuestionKind
  /** What the answer is: a name or a date invented on the spot, or one of the phrases given. */
  readonly answer: GeneratedAnswerKind | readonly string[]
  /** Sentences without a capital or a full stop; grammar in `../grammar.ts`, slots in `../sentence.ts`. */
  readonly told: readonly string[]
  /** Sentences that only the validation text uses. */
  readonly toldUnseen: readonly string[]
  readonly asked: readonly string[]
  readonly askedUnseen: readonly string[]
}

/**
 * `date`: a day, or a month of a year; `year`: a year, sometimes with a season; either is `first` when nothing
 * that is told of the entity may lie before it. `few`: 3 to 60; `many`: 300 to 90,000.
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
