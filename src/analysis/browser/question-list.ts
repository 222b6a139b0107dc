import { counted } from '../../report/render/format.ts'
import type { Analysis } from '../types.ts'
import { byId, formatShare } from './dom.ts'
import { questionView } from './question-view.ts'

const PAGE_SIZE = 50

/** The list of matching questions, shown 50 at a time, because thousands at once would be slow. */
export class QuestionList {
  private found: readonly number[] = []
  private readonly list = byId('question-list')
  private readonly count = byId('question-count')
  private readonly more = byId<HTMLButtonElement>('more-questions')

  constructor(readonly analysis: Analysis) {
    this.more.addEventListener('click', () => this.showMore())
  }

  show(found: readonly number[]): void {
    this.found = found
    this.count.textContent = this.summary()
    this.list.replaceChildren()
    this.showMore()
  }

  private showMore(): void {
    const shown = this.list.childElementCount
    const next = this.found.slice(shown, shown + PAGE_SIZE)
    this.list.append(...next.map((index) => questionView(this.analysis, this.analysis.questions[index])))
    const left = this.found.length - shown - next.length
    this.more.hidden = left === 0
    this.more.textContent = `Show ${Math.min(left, PAGE_SIZE)} more of ${left}`
    // Moves the focus to the first new question.
    if (shown > 0) this.list.children[shown]?.querySelector('summary')?.focus()
  }

  private summary(): string {
    const { questions } = this.analysis
    const found = this.found.map((index) => questions[index])
    if (found.length === 0) return 'No questions match. Try removing a filter.'
    const mean = (values: readonly number[]) => formatShare(values.reduce((a, b) => a + b, 0) / values.length, 1)
    const scores = `exact match ${mean(found.map((q) => q.exact_match))}, F1 ${mean(found.map((q) => q.f1))}`
    return `${found.length} of ${counted(questions.length, 'question')}: ${scores}`
  }
}
