import type { Row } from '../../batching/pack.ts'
import {
  contextRange,
  contextStart,
  planTokens,
  type WindowLayout,
  type WindowPlan,
  windowIds,
  windowLength,
  windowTypes,
} from '../../squad/window-plan.ts'
import { tokenTypeIds } from '../../squad/windows.ts'

/** Rows that are created on demand, just before they are computed. */
export interface RowSource {
  readonly count: number
  /** Number of tokens in all rows. */
  readonly tokens: number
  /** Number of tokens in one row. */
  length(index: number): number
  row(index: number): Row
}

/** The windows of a question over one of the texts of its request. */
export interface PlannedText {
  readonly text: number
  readonly plan: WindowPlan
}

/** Everything needed to create rows: the texts and questions of a request as token ids, and the window positions. */
export interface RowPlan {
  readonly layout: WindowLayout
  readonly texts: readonly Int32Array[]
  readonly questions: readonly { readonly ids: Int32Array; readonly parts: readonly PlannedText[] }[]
}

interface Part extends PlannedText {
  readonly question: number
  /** Index of its first row. */
  readonly first: number
}

/** The rows of a request, ordered by question. A waiting request stores each text once and creates rows on demand. */
export class WindowRows implements RowSource {
  readonly count: number
  readonly tokens: number
  /** Number of windows of each question. */
  readonly windows: readonly number[]
  /** Index of the first row of each question. */
  private readonly firstRows: readonly number[]
  private readonly parts: readonly Part[]

  constructor(private readonly request: RowPlan) {
    const parts: Part[] = []
    const windows: number[] = []
    const firstRows: number[] = []
    let first = 0
    let tokens = 0
    for (const [question, { parts: planned }] of request.questions.entries()) {
      firstRows.push(first)
      for (const { text, plan } of planned) {
        parts.push({ question, text, plan, first })
        first += plan.count
        tokens += planTokens(plan)
      }
      windows.push(first - firstRows[question])
    }
    this.parts = parts
    this.windows = windows
    this.firstRows = firstRows
    this.count = first
    this.tokens = tokens
  }

  length(index: number): number {
    const { plan, first } = this.partAt(index)
    return windowLength(plan, index - first)
  }

  row(index: number): Row {
    const { question, text, plan, first } = this.partAt(index)
    const { layout, texts, questions } = this.request
    const context = texts[text].subarray(...contextRange(plan, index - first))
    const input_ids = windowIds(layout, questions[question].ids, context)
    const token_type_ids = tokenTypeIds({
      input_ids,
      context_start: contextStart(layout, plan.question),
      token_types: windowTypes(layout, plan.question, context.length, index > first),
    })
    return { input_ids, token_type_ids, attended: input_ids.length }
  }

  /** The part of `values`, which has one element per row, that belongs to a question. */
  ofQuestion<T>(values: readonly T[], question: number): T[] {
    const first = this.firstRows[question]
    return values.slice(first, first + this.windows[question])
  }

  private partAt(index: number): Part {
    let low = 0
    let high = this.parts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.parts[middle].first <= index) low = middle
      else high = middle
    }
    return this.parts[low]
  }
}
