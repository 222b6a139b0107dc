import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { type Block, facts, heading, paragraph, table, warning } from './document.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { columns } from './table.ts'
import { renderText } from './text.ts'

const blocks: Block[] = [
  heading('Losses & scores'),
  paragraph('Pass `--logging_steps`.'),
  warning('Overfitting', 'The gap grows.', 'Epoch 1 was kept.'),
  facts(['Time', '2.79 s']),
  table({
    columns: columns('>Epoch', 'Trend'),
    rows: [
      ['1', 'initial'],
      ['2', 'overfitting'],
    ],
    marked: 0,
  }),
  { kind: 'figure', file: 'curve.svg', alt: 'Learning curve' },
]

describe('renders blocks', () => {
  test('as text', () => {
    expect(renderText(blocks)).toBe(`Losses & scores
---------------

Pass --logging_steps.

! Overfitting
  The gap grows.
  Epoch 1 was kept.

Time  2.79 s

Epoch  Trend
-----  -----------
    1  initial     *
    2  overfitting

curve.svg: Learning curve
`)
  })

  test('as Markdown', () => {
    expect(renderMarkdown(blocks)).toBe(`## Losses \\& scores

Pass \`--logging_steps\`.

> **Overfitting**
>
> The gap grows.
>
> Epoch 1 was kept.

|  |  |
| --- | --- |
| Time | 2.79 s |

| Epoch | Trend |
| ---: | --- |
| **1** | **initial** |
| 2 | overfitting |

![Learning curve](curve.svg)
`)
  })

  test('as self-contained HTML without scripts', () => {
    const html = renderHtml('A run', blocks, { 'curve.svg': '<svg><title>curve</title></svg>' })
    const { document } = parseHTML(html)
    expect(document.querySelector('h2')?.textContent).toBe('Losses & scores')
    expect(document.querySelector('code')?.textContent).toBe('--logging_steps')
    expect(document.querySelectorAll('aside p')).toHaveLength(2)
    expect(document.querySelector('dd')?.textContent).toBe('2.79\u00a0s')
    expect(document.querySelector('tr.marked td.number')?.textContent).toBe('1')
    expect(document.querySelector('figure svg title')?.textContent).toBe('curve')
    expect(html).not.toMatch(/<script|<link|src=|https?:/)
  })
})

describe('hostile names', () => {
  const hostile = '<script>alert(1)</script>|*x*[a](b)"\n# no'
  const blocks = [heading(hostile), paragraph(hostile), table({ columns: columns(hostile), rows: [[hostile]] })]

  test('are escaped in HTML, including attributes', () => {
    const html = renderHtml(hostile, blocks, {})
    const { document } = parseHTML(html)
    expect(document.querySelectorAll('script')).toHaveLength(0)
    expect(document.querySelector('td')?.textContent).toBe(hostile)
    expect(document.querySelector('.scroll')?.getAttribute('onload')).toBeNull()
  })

  test('are escaped in Markdown cells, lines and emphasis', () => {
    const markdown = renderMarkdown(blocks)
    expect(markdown.split('\n\n')[1]).toBe('\\<script\\>alert(1)\\</script\\>\\|\\*x\\*\\[a\\](b)" # no')
    expect(markdown).not.toMatch(/^# no/m)
  })
})

test('long paragraphs and facts are wrapped to 100 columns', () => {
  const long = 'word '.repeat(60).trim()
  const text = renderText([paragraph(long), warning('W', long), facts(['Name', long])])
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  expect(text).toContain('\n      word')
})
