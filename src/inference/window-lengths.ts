import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { WindowOptions } from '../squad/windows.ts'

/** The defaults of run_qa.py. */
const USUAL = { max_seq_length: 384, doc_stride: 128 }

/** Window lengths given by the user. `windowLengths` chooses missing ones. */
export interface GivenLengths {
  readonly max_seq_length?: number | null
  readonly doc_stride?: number | null
}

/** Properties of a model that determine the lengths of its windows. */
export interface LengthFacts {
  /** Maximum number of tokens that the model supports; undefined if unknown. */
  readonly max_positions: number | undefined
  /** Maximum number of tokens that the tokenizer allows. */
  readonly model_max_length?: number
  /** The lengths stored with the model. */
  readonly settings?: Pick<AnswerSettings, 'max_seq_length' | 'doc_stride'>
}

export interface ChosenLengths extends Required<Pick<WindowOptions, 'max_seq_length' | 'doc_stride'>> {
  readonly max_positions?: number
  /** Explains why the lengths differ from the defaults. Undefined if they do not, or if they were given. */
  readonly note?: string
}

/**
 * Chooses the lengths of windows: the given lengths, otherwise those stored with the model, otherwise 384 tokens with
 * an overlap of 128. If the model supports less, its maximum and half of it are used. A stored overlap applies only to
 * the stored length.
 */
export function windowLengths(given: GivenLengths, facts: LengthFacts): ChosenLengths {
  const { max_positions: positions = Number.POSITIVE_INFINITY, model_max_length = positions } = facts
  const stored = facts.settings && facts.settings.max_seq_length <= positions ? facts.settings : undefined
  const max = Math.min(USUAL.max_seq_length, positions, model_max_length)
  const max_seq_length = given.max_seq_length ?? stored?.max_seq_length ?? max
  const stored_stride = max_seq_length === stored?.max_seq_length ? stored.doc_stride : undefined
  const doc_stride = given.doc_stride ?? stored_stride ?? Math.min(USUAL.doc_stride, Math.floor(max_seq_length / 2))
  const chosen = [
    ...(given.max_seq_length == null && max_seq_length !== USUAL.max_seq_length
      ? [`max_seq_length ${max_seq_length}`]
      : []),
    ...(given.doc_stride == null && doc_stride !== USUAL.doc_stride ? [`doc_stride ${doc_stride}`] : []),
  ]
  const reason =
    given.max_seq_length == null && !stored
      ? `the model supports at most ${Math.min(positions, model_max_length)} tokens`
      : stored && max_seq_length === stored.max_seq_length
        ? 'stored with the model'
        : 'at most half of a window'
  return {
    max_seq_length,
    doc_stride,
    ...(Number.isFinite(positions) && { max_positions: positions }),
    note: chosen.length > 0 ? `Using ${chosen.join(' and ')} (${reason}).` : undefined,
  }
}
