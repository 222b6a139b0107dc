/** A piece of a context. */
export interface TextSpan {
  readonly start: number
  readonly end: number
}

export interface GoldAnswer {
  readonly text: string
  readonly start: number
}
