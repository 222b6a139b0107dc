import { describe, expect, test } from 'vitest'
import { columns, textFacts, textTable } from './table.ts'
import { pad, textWidth } from './text-width.ts'

describe('text tables', () => {
  const losses = {
    columns: columns('>Epoch', '>Validation loss', 'Trend'),
    rows: [
      ['1', '1.6476', 'initial learning'],
      ['10', '1.8053', 'overfitting'],
    ],
  }

  test('align columns, numbers to the right, without trailing spaces', () => {
    expect(textTable(losses)).toBe(
      [
        'Epoch  Validation loss  Trend',
        '-----  ---------------  ----------------',
        '    1           1.6476  initial learning',
        '   10           1.8053  overfitting',
      ].join('\n'),
    )
  })

  test('mark a row with a star, and use terminal escapes only with color', () => {
    const marked = { ...losses, marked: 0 }
    expect(textTable(marked).split('\n')[2]).toBe('    1           1.6476  initial learning *')
    expect(textTable(marked)).not.toContain('\x1b')
    expect(textTable(marked, { color: true })).toContain('\x1b[1m')
  })

  test('align columns with wide, combining and joined characters', () => {
    const lines = textTable({
      columns: columns('Name', 'x'),
      rows: [
        ['東京', '1'],
        ['e\u0301te', '2'],
        ['👩‍👩‍👧', '3'],
        ['abc', '4'],
      ],
    })
    expect(lines.split('\n').slice(2)).toEqual(['東京  1', 'e\u0301te   2', '👩‍👩‍👧    3', 'abc   4'])
  })

  test('replace control characters, which could move the cursor', () => {
    const text = textTable({ columns: columns('File'), rows: [['a\x1b[2Jb\nc']] })
    expect(text).not.toContain('\x1b')
    expect(text.split('\n')).toHaveLength(3)
  })

  test('align facts by their names', () => {
    expect(
      textFacts([
        ['Layers', '12'],
        ['Hidden size', '768'],
      ]),
    ).toBe('Layers       12\nHidden size  768')
    expect(textFacts([])).toBe('')
  })

  test('show only titles if there are no rows', () => {
    expect(textTable({ columns: columns('A', '>B'), rows: [] })).toBe('A  B\n-  -')
  })
})

test('text width counts terminal columns', () => {
  expect(['', 'abc', '漢字', 'é', 'e\u0301', 'ﾊ', 'ハ', '한', '✓', '😀', '\u200b'].map(textWidth)).toEqual([
    0, 3, 4, 1, 1, 1, 2, 2, 1, 2, 0,
  ])
  expect(pad('漢', 4)).toBe('漢  ')
  expect(pad('漢', 4, 'right')).toBe('  漢')
})
