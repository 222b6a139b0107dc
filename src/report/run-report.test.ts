import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../tests/sample-runs.ts'
import { runReport } from './run-report.ts'

describe('the run report', () => {
  const files = Object.fromEntries(runReport(miniLmRun).map(({ name, content }) => [name, content]))

  test('is HTML, Markdown, and the learning curve as SVG and PNG', () => {
    expect(Object.keys(files)).toEqual(['report.html', 'report.md', 'learning_curve.svg', 'learning_curve.png'])
    expect(files['learning_curve.png']).toBeInstanceOf(Uint8Array)
  })

  test('carries its picture in the HTML and refers to it in the Markdown', () => {
    expect(files['report.html']).toContain('<figure role="img"')
    expect(files['report.html']).toContain('best: epoch 2, 1.9894')
    expect(files['report.html']).not.toMatch(/<script|<link|<img/)
    expect(files['report.md']).toContain('](learning_curve.svg)')
  })

  test('says the same in both: the headings, in the same order', () => {
    const html = [...String(files['report.html']).matchAll(/<h2>(.*?)<\/h2>/g)].map(([, text]) => text)
    const markdown = [...String(files['report.md']).matchAll(/^## (.*)$/gm)].map(([, text]) => text)
    expect(html).toEqual(markdown)
    expect(html).toEqual([
      ...['Training', 'Losses by epoch', 'Evaluation', 'What the loss means', 'Saved files'],
      ...['Model', 'Data', 'Training setup', 'Arguments'],
    ])
  })

  test('has the name of the run at its head, where run_name gives it one', () => {
    const named = { ...miniLmRun, arguments: { ...miniLmRun.arguments, run_name: 'third try' } }
    const [html] = runReport(named)
    expect(html.content).toContain(`<h1>third try: ${miniLmRun.model.name}, fine-tuned for question answering</h1>`)
  })

  test('is the same for the same run, bit for bit', () => {
    expect(runReport(notebookRun)).toEqual(runReport(notebookRun))
  })
})
