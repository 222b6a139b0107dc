import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { WindowOptions } from '../squad/windows.ts'

/** run_qa.py's. */
const USUAL = { max_seq_length: 384, doc_stride: 128 }

/** Lengths of windows as a user gives them; what is missing is for `windowLengths` to choose. */
export interface GivenLengths {
  readonly max_seq_length?: number | null
  readonly doc_stride?: number | null
}

/** What a model says about the lengths of its windows. */
export interface LengthFacts {
  /** Tokens that the model can read at once; undefined if that is not known. */
  readonly max_positions: number | undefined
  /** Tokens that its tokenizer allows. */
  readonly model_max_length?: number
  /** The lengths that are stored with it. */
  readonly settings?: Pick<AnswerSettings, 'max_seq_length' | 'doc_stride'>
}

export interface ChosenLengths extends Required<Pick<WindowOptions, 'max_seq_length' | 'doc_stride'>> {
  readonly max_positions?: number
  /** Why the lengths are not the usual ones; undefined if they are, or were given. */
  readonly note?: string
}

/**
 * The lengths of windows: as given, else as stored with the model, else 384 tokens with an overlap of 128, or what the
 * model can read and half of that if that is less. A stored overlap belongs to the stored length.
 */
export function windowLengths(given: GivenLengths, facts: LengthFacts): ChosenLengths {
  const { max_positions: positions = Number.POSITIVE_INFINITY, model_max_length = positions } = facts
  const stored = facts.settings && facts.settings.max_seq_length <= positions ? facts.settings : undefined
  const most = Math.min(USUAL.max_seq_length, positions, model_max_length)
  const max_seq_length = given.max_seq_length ?? stored?.max_seq_length ?? most
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
      ? `the model reads at most ${Math.min(positions, model_max_length)} tokens`
      : stored && max_seq_length === stored.max_seq_length
        ? 'stored with the model'
        : 'half of a window at most'
  return {
    max_seq_length,
    doc_stride,
    ...(Number.isFinite(positions) && { max_positions: positions }),
    note: chosen.length > 0 ? `Using ${chosen.join(' and ')} (${reason}).` : undefined,
  }
}
