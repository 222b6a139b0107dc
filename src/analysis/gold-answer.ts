/** A span of a context. */
export interface TextSpan {
  readonly start: number
  readonly end: number
}

/** A labeled answer. */
export interface GoldAnswer {
  readonly text: string
  readonly start: number
}
