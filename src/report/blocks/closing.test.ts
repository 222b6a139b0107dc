import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../../tests/sample-runs.ts'
import { ARGUMENTS_FILE, EVALUATION_FILES, FINAL_FILES, LOG_FILE } from '../../runs/run-files.ts'
import { renderText } from '../render/text.ts'
import type { RunSummary } from '../summary/run.ts'
import { closing, purposeOf } from './closing.ts'

const textOf = (run: RunSummary) => renderText(closing(run))

describe('the report after training', () => {
  const text = textOf(notebookRun)

  test('shows the losses by epoch with the best epoch marked', () => {
    expect(text).toMatch(/^ +1 +193 +1\.1314 +1\.6476 +initial learning +\*$/m)
    expect(text).toMatch(/^ +2 +386 +0\.6137 +1\.8053 +training improves, validation worsens$/m)
    expect(text).toMatch(/^ +3 +579 +0\.4221 +1\.8659 +overfitting$/m)
  })

  test('reports overfitting with its evidence and the saved epoch', () => {
    expect(text).toContain('! Overfitting\n')
    expect(text).toContain('Gap: 0.5162 → 1.1916 → 1.4438.')
    expect(text).toContain('The saved model is the one from epoch 1, the best by eval_loss 1.6476.')
  })

  test('shows the metrics of training and evaluation', () => {
    expect(text).toMatch(/^Time +279\.17 s \(4 min 39 s\)$/m)
    expect(text).toMatch(/^Speed +186\.3 samples\/s, 5\.6 times the speed of training$/m)
    expect(text).toMatch(/^Validation loss +1\.6476$/m)
  })

  test('explains and classifies the loss', () => {
    const flat = text.replace(/\s+/g, ' ')
    expect(flat).toContain('e^-1.6476 = 19 %')
    expect(flat).toContain('ln 384 = 5.95')
    expect(text).toMatch(/^1\.5 to 2\.0 +Good +45 to 60 % +1\.6476 +\*$/m)
  })

  test('lists the saved files with sizes and purposes', () => {
    expect(text).toMatch(/^model\.safetensors +435\.6 MB +weights$/m)
    expect(text).toMatch(/^Total +436\.5 MB +6 files$/m)
  })

  test('knows the purpose of each file of a run', () => {
    const files = [...FINAL_FILES, ARGUMENTS_FILE, LOG_FILE, ...Object.values(EVALUATION_FILES)]
    expect(files.filter((name) => purposeOf(name) === '')).toEqual([])
  })

  test('of the MiniLM run shows scores, a first sign of overfitting, and a failed rule of thumb', () => {
    const text = textOf(miniLmRun)
    expect(text).toMatch(/^ +2 +386 +1\.8663 +1\.9894 +44\.20 +55\.82 +both improve +\*$/m)
    expect(text).toContain('! A first sign of overfitting\n')
    expect(text).not.toContain('memorizing')
    expect(text.replace(/\s+/g, ' ')).toContain(
      'However, the scores rose: exact match from 44.20 to 45.40 and F1 from 55.82 to 57.35.',
    )
    expect(text).toContain('0.8 points worse than its loss suggests')
  })
})

describe('a run with few validation questions', () => {
  const withQuestions = (run: RunSummary, questions: number) =>
    textOf({ ...run, data: { ...run.data, validation: { ...run.data.validation!, questions } } }).replace(/\s+/g, ' ')

  test.each([notebookRun, miniLmRun])(
    'is not checked for overfitting, and its loss is not classified: run %#',
    (run) => {
      const text = withQuestions(run, 99)
      expect(text).toContain('It is unclear whether the model overfits. There are only 99 validation questions')
      expect(text).toContain('The loss is not classified. There are only 99 validation questions')
      expect(text).not.toMatch(
        /overfitting|Excellent|Very Good|\bGood\b|\bFair\b|Poor|rule of thumb|improves|worsens|Trend/i,
      )
      expect(text).toContain('The saved model is the one from')
    },
  )

  test('uses the singular for one question, and judges from 100 questions on', () => {
    expect(withQuestions(notebookRun, 1)).toContain('There is only 1 validation question; at least 100 are required.')
    expect(withQuestions(notebookRun, 100)).toContain('! Overfitting')
    expect(withQuestions(notebookRun, 100)).toContain('Good')
  })
})

describe('the report of an unusual run', () => {
  test('names the flag that would have saved the best epoch', () => {
    const text = textOf({ ...notebookRun, best: undefined })
    expect(text.replace(/\s+/g, ' ')).toContain('With --load_best_model_at_end it would be the one from epoch 1')
  })

  test('finds no overfitting if the last evaluation is the best', () => {
    const log_history = miniLmRun.log_history.filter(({ step }) => step < 500)
    const text = textOf({ ...miniLmRun, log_history, best: undefined })
    expect(text).toContain('No overfitting: the validation loss was lowest at the end. The last model is the best')
  })

  test('explains how to evaluate during training if the run was never evaluated', () => {
    const { eval_metrics: _, best: __, ...rest } = notebookRun
    const log_history = rest.log_history.filter(({ eval_loss }) => eval_loss === undefined)
    const text = textOf({ ...rest, log_history })
    expect(text).toContain('never evaluated. Use --eval_strategy epoch')
    expect(text).not.toMatch(/undefined|NaN|What the loss means/)
  })

  test('says that overfitting is unclear without a training log', () => {
    const log_history = notebookRun.log_history.filter(({ loss }) => loss === undefined)
    expect(textOf({ ...notebookRun, log_history }).replace(/\s+/g, ' ')).toContain(
      'not logged often enough (--logging_steps)',
    )
  })
})
