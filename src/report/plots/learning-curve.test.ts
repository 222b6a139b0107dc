import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../../tests/sample-runs.ts'
import type { RunSummary } from '../summary/run.ts'
import { learningCurve } from './learning-curve.ts'
import { toPng } from './to-png.ts'

const draw = (run: Pick<RunSummary, 'log_history' | 'best'>) => {
  const svg = learningCurve(run)
  const { document } = parseHTML(svg)
  return { svg, document, texts: Array.from(document.querySelectorAll('text'), (text) => text.textContent) }
}

describe('the learning curve', () => {
  test('shows both losses, axes with units, and a circle with a label at the best epoch', () => {
    const { svg, document, texts } = draw(notebookRun)
    expect(texts).toContain('training loss, mean')
    expect(texts).toContain('validation loss')
    expect(texts).toContain('Loss (nats, mean of start and end)')
    expect(texts).toContain('Epoch')
    expect(texts).toContain('best: epoch 1, 1.6476')
    expect(document.querySelectorAll('circle[r="10"]')).toHaveLength(1)
    expect(texts).not.toContain('F1')
    expect(svg).not.toMatch(/NaN|undefined/)
  })

  test('shows exact match and F1 in a second panel, with the circle on the metric of the best model', () => {
    expect(draw(miniLmRun).texts).toContain('best: epoch 2, 1.9894')
    const { texts, document } = draw({
      ...miniLmRun,
      best: { metric: 'eval_f1', value: 57.3, step: 579, loaded: true },
    })
    expect(texts).toContain('exact match')
    expect(texts).toContain('Validation score (%)')
    expect(texts).toContain('best: epoch 3, 57.35 %')
    expect(document.querySelectorAll('circle[r="10"]')).toHaveLength(1)
  })

  test('shows each logged loss as a light line if there are more logs than evaluations', () => {
    const log_history = [
      { epoch: 0.5, step: 5, loss: 3 },
      { epoch: 1, step: 10, loss: 2 },
      { epoch: 1, step: 10, eval_loss: 2 },
    ]
    expect(draw({ log_history }).texts).toContain('training loss, as logged')
    expect(draw(notebookRun).texts).not.toContain('training loss, as logged')
  })

  test('marks no best point and draws no scores for a single evaluation', () => {
    const log_history = miniLmRun.log_history.filter(({ epoch }) => epoch <= 1)
    const { texts, document } = draw({ log_history, best: { metric: 'eval_f1', value: 50, step: 193, loaded: true } })
    expect(texts).toContain('validation loss')
    expect(texts).not.toContain('F1')
    expect(document.querySelector('title')?.textContent).toBe('Learning curve')
    expect(document.querySelectorAll('circle[r="10"]')).toHaveLength(0)
  })

  test('is drawn without evaluations, without logs, and for losses that are NaN', () => {
    const nan = { epoch: 1, step: 1, loss: Number.NaN }
    const histories = [[], [{ epoch: 1, step: 1, loss: 2 }], [nan, { epoch: 1, step: 1, eval_loss: Number.NaN }]]
    for (const log_history of histories) {
      const { svg } = draw({ log_history })
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
      expect(toPng(svg).length).toBeGreaterThan(1000)
    }
  })
})

test('a learning curve without losses says how to get them, and one loss is a dot', () => {
  const none = draw({ log_history: [{ epoch: 3.75, step: 15, train_loss: 5 }] })
  expect(none.texts).toContain('No loss was logged. Lower logging_steps, or set eval_strategy.')
  const { texts, document } = draw({ log_history: [{ epoch: 1, step: 10, loss: 2 }] })
  expect(texts.join(' ')).not.toContain('No loss')
  expect(document.querySelectorAll('circle')).toHaveLength(1)
})

describe('the learning curve as PNG', () => {
  const png = toPng(learningCurve(notebookRun))
  const view = new DataView(png.buffer, png.byteOffset)

  test('is twice the size of the SVG', () => {
    expect([...png.subarray(1, 4)]).toEqual([...'PNG'].map((letter) => letter.charCodeAt(0)))
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([1520, 720])
  })

  test('renders its text with the font in the package', () => {
    const withoutText = learningCurve(notebookRun).replace(/<text[\s\S]*?<\/text>/g, '')
    expect(png.length).toBeGreaterThan(toPng(withoutText).length * 1.5)
  })
})
