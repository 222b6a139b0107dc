import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../tests/sample-runs.ts'
import { runReport } from './run-report.ts'

describe('the run report', () => {
  const files = Object.fromEntries(runReport(miniLmRun).map(({ name, content }) => [name, content]))

  test('consists of HTML, Markdown, and the learning curve as SVG and PNG', () => {
    expect(Object.keys(files)).toEqual(['report.html', 'report.md', 'learning_curve.svg', 'learning_curve.png'])
    expect(files['learning_curve.png']).toBeInstanceOf(Uint8Array)
  })

  test('embeds the learning curve in HTML and links to it in Markdown', () => {
    expect(files['report.html']).toContain('<figure role="img"')
    expect(files['report.html']).toContain('best: epoch 2, 1.9894')
    expect(files['report.html']).not.toMatch(/<script|<link|<img/)
    expect(files['report.md']).toContain('](learning_curve.svg)')
  })

  test('has the same headings in HTML and Markdown', () => {
    const html = [...String(files['report.html']).matchAll(/<h2>(.*?)<\/h2>/g)].map(([, text]) => text)
    const markdown = [...String(files['report.md']).matchAll(/^## (.*)$/gm)].map(([, text]) => text)
    expect(html).toEqual(markdown)
    expect(html).toEqual([
      ...['Training', 'Losses by epoch', 'Evaluation', 'What the loss means', 'Saved files'],
      ...['Model', 'Data', 'Training setup', 'Arguments'],
    ])
  })

  test('starts with run_name if it is set', () => {
    const named = { ...miniLmRun, arguments: { ...miniLmRun.arguments, run_name: 'third try' } }
    const [html] = runReport(named)
    expect(html.content).toContain(`<h1>third try: ${miniLmRun.model.name}, fine-tuned for question answering</h1>`)
  })

  test('shows an interval with every exact match and F1, in HTML, Markdown and learning curve', () => {
    const intervals = (value: number): [number, number] => [value - 4, value + 4.5]
    const of = ({ eval_exact_match = 0, eval_f1 = 0 }) => ({
      exact_match: intervals(eval_exact_match),
      f1: intervals(eval_f1),
    })
    const evaluated = miniLmRun.log_history.filter(({ eval_f1 }) => eval_f1 !== undefined)
    const [html, markdown, svg] = runReport({
      ...miniLmRun,
      best: { ...miniLmRun.best!, metric: 'eval_f1', value: miniLmRun.eval_metrics!.eval_f1! },
      eval_intervals: of(miniLmRun.eval_metrics!),
      score_intervals: Object.fromEntries(evaluated.map((entry) => [entry.step, of(entry)])),
    }).map(({ content }) => String(content).replaceAll('\u00a0', ' ').replaceAll('\\_', '_'))
    expect(evaluated).toHaveLength(3)
    for (const { eval_exact_match, eval_f1 } of evaluated)
      for (const score of [eval_exact_match!, eval_f1!])
        for (const text of [html, markdown])
          expect(text).toContain(`${score.toFixed(2)} (${(score - 4).toFixed(2)} to ${(score + 4.5).toFixed(2)})`)
    // Every other occurrence of a score, in percent or as the best metric, is also followed by its interval.
    for (const text of [html, svg]) expect(text).toMatch(/(\d+\.\d\d %|eval_f1 \d+\.\d\d) \(\d/)
    const scores = evaluated.flatMap(({ eval_exact_match, eval_f1 }) =>
      [eval_exact_match!, eval_f1!].map((x) => x.toFixed(2)),
    )
    for (const text of [html, markdown, svg])
      for (const score of new Set(scores))
        for (const { index } of text.matchAll(new RegExp(`(?<![\\d.])${score}(?![\\d])`, 'g')))
          expect(text.slice(index, index + 40)).toMatch(/^[\d.]+( %)? \([\d.]+ to [\d.]+\)/)
    expect(html).toContain('The ranges in parentheses are 95 % bootstrap intervals over 500 validation questions.')
  })

  test('shows date, command and software versions', () => {
    const origin = {
      ended: '2026-03-04T05:06:07.890Z',
      command: 'spanforge train --x `<b>`',
      spanforge: '9.8.7',
      node: '20.1.2',
    }
    const [html, markdown] = runReport({ ...miniLmRun, origin }).map(({ content }) => String(content))
    expect(html).toContain('<dd>2026-03-04 05:06 UTC</dd>')
    expect(html).toContain('<code>spanforge train --x \u02cb&#60;b&#62;\u02cb</code>')
    for (const text of [html, markdown]) expect(text).toContain('spanforge 9.8.7, Node.js 20.1.2')
  })

  test('escapes example answers', () => {
    const examples = [
      { question: '<img src=x>`a`|b', answer: 'x'.repeat(9999), correct: ['x'], exact_match: 1, f1: 1 },
      { question: 'who?', answer: '', correct: ['Ann', 'Ann', 'An'], exact_match: 0, f1: 0.5 },
      { question: 'when?', answer: 'now', correct: [], exact_match: 0, f1: 0 },
    ]
    const [html, markdown] = runReport({ ...miniLmRun, examples }).map(({ content }) => String(content))
    for (const text of [html, markdown]) {
      expect(text).toContain('Example answers')
      expect(text).not.toMatch(/(?<!\\)<img/)
      expect(text).not.toContain('x'.repeat(200))
    }
    const rows = [...html.matchAll(/<tr><td>(?:right|wrong)<\/td>.*<\/tr>/g)].map(([row]) => row)
    expect(rows).toHaveLength(3)
    expect(rows[0]).toContain('<td>&#60;img src=x&#62;\u02cba\u02cb|b</td>')
    expect(rows[1]).toContain('<td>(no answer)</td><td>Ann / An</td><td class="number">50.00</td>')
    expect(rows[2]).toContain('<td>now</td><td>(no answer)</td>')
  })

  test('is reproducible bit for bit', () => {
    expect(runReport(notebookRun)).toEqual(runReport(notebookRun))
  })
})
