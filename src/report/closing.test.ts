import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../tests/sample-runs.ts'
import { closing } from './closing.ts'
import { renderText } from './render-text.ts'
import type { RunSummary } from './run-summary.ts'

const textOf = (run: RunSummary) => renderText(closing(run))

describe('what is shown after training', () => {
  const text = textOf(notebookRun)

  test("the notebook's table of losses, with the best epoch marked", () => {
    expect(text).toMatch(/^ +1 +193 +1\.1314 +1\.6476 +initial learning +\*$/m)
    expect(text).toMatch(/^ +2 +386 +0\.6137 +1\.8053 +training improves, validation worsens$/m)
    expect(text).toMatch(/^ +3 +579 +0\.4221 +1\.8659 +overfitting$/m)
  })

  test('overfitting, named with its evidence, and the epoch that was kept', () => {
    expect(text).toContain('! Overfitting\n')
    expect(text).toContain('Gap: 0.5162 → 1.1916 → 1.4438.')
    expect(text).toContain('The saved model is that of epoch 1, the best by eval_loss 1.6476.')
  })

  test('the metrics of training and evaluation', () => {
    expect(text).toMatch(/^Time +279\.17 s \(4 min 39 s\)$/m)
    expect(text).toMatch(/^Speed +186\.3 samples\/s, 5\.6 times the speed of training$/m)
    expect(text).toMatch(/^Validation loss +1\.6476$/m)
  })

  test('what the loss means, and its class', () => {
    const flat = text.replace(/\s+/g, ' ')
    expect(flat).toContain('e^-1.6476 = 19 %')
    expect(flat).toContain('ln 384 = 5.95')
    expect(text).toMatch(/^1\.5 to 2\.0 +Good +45 to 60 % +1\.6476 +\*$/m)
  })

  test('the files that were saved, with their sizes and purposes', () => {
    expect(text).toMatch(/^model\.safetensors +435\.6 MB +weights$/m)
    expect(text).toMatch(/^Total +436\.5 MB +6 files$/m)
  })

  test('MiniLM: scores beside the losses, a first sign only, and a rule of thumb that failed', () => {
    const text = textOf(miniLmRun)
    expect(text).toMatch(/^ +2 +386 +1\.8663 +1\.9894 +44\.20 +55\.82 +both improve +\*$/m)
    expect(text).toContain('! A first sign of overfitting\n')
    expect(text).not.toContain('memorizing')
    expect(text).toContain('However, exact match from 44.20 to 45.40 and F1 from 55.82 to 57.35')
    expect(text).toContain('0.8 points worse than its loss suggests')
  })
})

describe('a run with few validation questions', () => {
  const withQuestions = (run: RunSummary, questions: number) =>
    textOf({ ...run, data: { ...run.data, validation: { ...run.data.validation!, questions } } }).replace(/\s+/g, ' ')

  test.each([notebookRun, miniLmRun])('is judged neither for overfitting nor by classes of loss: run %#', (run) => {
    const text = withQuestions(run, 99)
    expect(text).toContain('It is unclear whether the model overfits. There are only 99 validation questions')
    expect(text).toContain('The loss is not classified. There are only 99 validation questions')
    expect(text).not.toMatch(
      /overfitting|Excellent|Very Good|\bGood\b|\bFair\b|Poor|rule of thumb|improves|worsens|Trend/i,
    )
    expect(text).toContain('The saved model is that of')
  })

  test('one question is one question, and a hundred are enough', () => {
    expect(withQuestions(notebookRun, 1)).toContain('There is only 1 validation question; at least 100 are needed.')
    expect(withQuestions(notebookRun, 100)).toContain('! Overfitting')
    expect(withQuestions(notebookRun, 100)).toContain('Good')
  })
})

describe('runs that went otherwise', () => {
  test('a best epoch that was not loaded is named with the flag that would have kept it', () => {
    const text = textOf({ ...notebookRun, best: undefined })
    expect(text.replace(/\s+/g, ' ')).toContain('--load_best_model_at_end would keep that of epoch 1')
  })

  test('a run whose last evaluation is the best did not overfit', () => {
    const log_history = miniLmRun.log_history.filter(({ step }) => step < 500)
    const text = textOf({ ...miniLmRun, log_history, best: undefined })
    expect(text).toContain('No overfitting: the validation loss was lowest at the end. The last model is the best')
  })

  test('a run that was never evaluated says how to change that', () => {
    const { eval_metrics: _, best: __, ...rest } = notebookRun
    const log_history = rest.log_history.filter(({ eval_loss }) => eval_loss === undefined)
    const text = textOf({ ...rest, log_history })
    expect(text).toContain('never evaluated. Use --eval_strategy epoch')
    expect(text).not.toMatch(/undefined|NaN|What the loss means/)
  })

  test('a run without training log cannot tell overfitting, and says so', () => {
    const log_history = notebookRun.log_history.filter(({ loss }) => loss === undefined)
    expect(textOf({ ...notebookRun, log_history }).replace(/\s+/g, ' ')).toContain(
      'not logged often enough (--logging_steps)',
    )
  })
})
