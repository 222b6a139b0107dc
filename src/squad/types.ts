/** Questions over documents, and the windows that a model reads them through. */

/** `answer_start` counts UTF-16 units: `context.slice(answer_start, answer_start + text.length) === text`. */
export interface Answer {
  readonly text: string
  readonly answer_start: number
}

export interface Example {
  readonly id: string
  readonly title?: string
  readonly question: string
  readonly context: string
  /** Empty for a question that the context does not answer (SQuAD v2.0), or that nobody has answered yet. */
  readonly answers: readonly Answer[]
}

/**
 * One model input, without padding: [CLS] question [SEP] a stretch of the context [SEP], or what the tokenizer's
 * post-processor puts around the two.
 * `offsets[2 * i]` and `offsets[2 * i + 1]` are the UTF-16 start and end of token i, in the question (left-stripped)
 * for the question's tokens and in the context for the context's; 0, 0 for special tokens.
 */
export interface Window {
  /** Index of the example in the list that was cut into windows. */
  readonly example: number
  readonly input_ids: Int32Array
  /** Token index of the first context token. */
  readonly context_start: number
  /** Token index just after the last context token: the place of the special tokens at the end. */
  readonly context_end: number
  readonly offsets: Int32Array
  /** Token types where they are not BERT's: 0 before the context, 1 from there to the end. */
  readonly token_types?: Uint8Array
}

/** Token positions of the first and last token of the answer in a window; [0, 0] is [CLS]: no answer here. */
export interface Label {
  readonly start_position: number
  readonly end_position: number
}

/** A window with its label, as training wants it. */
export interface LabelledWindow extends Window, Label {}
