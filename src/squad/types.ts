/** Types of questions, answers and windows. */

/**
 * An answer. `answer_start` counts UTF-16 units: `context.slice(answer_start, answer_start + text.length) === text`.
 */
export interface Answer {
  readonly text: string
  readonly answer_start: number
}

export interface Example {
  readonly id: string
  readonly title?: string
  readonly question: string
  readonly context: string
  /** Labeled answers. Empty for an unanswerable question (SQuAD v2.0) or one without labels. */
  readonly answers: readonly Answer[]
}

/**
 * A model input without padding: [CLS] question [SEP] part of the context [SEP], or the special tokens of the
 * tokenizer's post-processor. `offsets[2 * i]` and `offsets[2 * i + 1]` are the UTF-16 start and end of token i, in the
 * left-stripped question or in the context; 0, 0 for special tokens.
 */
export interface Window {
  /** Index of the example. */
  readonly example: number
  readonly input_ids: Int32Array
  /** Token index of the first context token. */
  readonly context_start: number
  /** Token index after the last context token, where the final special tokens start. */
  readonly context_end: number
  readonly offsets: Int32Array
  /** Token types, if they differ from BERT's, which are 0 before the context and 1 from there on. */
  readonly token_types?: Uint8Array
}

/** Positions of the answer's first and last token in a window. Both are 0, for [CLS], if the answer is not in it. */
export interface Label {
  readonly start_position: number
  readonly end_position: number
}

/** A window with its label, for training. */
export interface LabeledWindow extends Window, Label {}

/** A span of a context. */
export interface TextSpan {
  readonly start: number
  readonly end: number
}

/** @deprecated Use `LabeledWindow`; this name will be removed in version 0.3. */
export type LabelledWindow = LabeledWindow
