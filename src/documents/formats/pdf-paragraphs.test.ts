import { describe, expect, it } from 'vitest'
import { linesOf, type TextItem } from './pdf-lines.ts'
import { paragraphsOf, textOfPages } from './pdf-paragraphs.ts'

/** A line whose characters are half as wide as they are high. */
const line = (str: string, y: number, { height = 10, x = 72 } = {}): TextItem => ({
  str,
  hasEOL: true,
  height,
  width: (str.length * height) / 2,
  transform: [1, 0, 0, 1, x, y],
})

/** Lines below each other. */
const lines = (...texts: readonly string[]): TextItem[] => texts.map((text, i) => line(text, 700 - 12 * i))

const textOf = (...pages: readonly (readonly TextItem[])[]): string => textOfPages(pages.map(linesOf))

describe('the paragraphs of a page', () => {
  it('joins the lines of a paragraph and hyphenated words', () => {
    expect(textOf(lines('The first para-', 'graph has Anglo-', 'Saxon words.'))).toBe(
      'The first paragraph has Anglo-Saxon words.',
    )
  })

  it('starts a paragraph after a gap and when the font size changes', () => {
    const page = [
      line('Title', 720, { height: 18 }),
      ...[700, 688, 664, 652].map((y, i) => line(['One', 'two.', 'Three', 'four.'][i], y)),
    ]
    expect(textOf(page)).toBe('Title\n\nOne two.\n\nThree four.')
  })

  it('starts a paragraph at a first line that is indented after a line with room for another word', () => {
    const page = [
      line('Words that go on to the end of the line', 700),
      line('and end here.', 688),
      line('Then other words begin in a line that', 676, { x: 90 }),
      line('is indented.', 664),
    ]
    expect(textOf(page)).toBe(
      'Words that go on to the end of the line and end here.\n\nThen other words begin in a line that is indented.',
    )
  })

  it('starts a paragraph at each item of a list, but not at numbers within a sentence', () => {
    expect(
      textOf([
        ...lines(
          'Proceed as follows with the pump:',
          '1. Switch it off.',
          '2. Wait until it has been cold for',
          '3 h.',
        ),
        line('\u000f Bulleted items have a bullet, and', 652),
        line('lines that are indented.', 640, { x: 80 }),
        line('\uf0b7 Another one.', 628),
      ]),
    ).toBe(
      [
        'Proceed as follows with the pump:',
        '1. Switch it off.',
        '2. Wait until it has been cold for 3 h.',
        '• Bulleted items have a bullet, and lines that are indented.',
        '• Another one.',
      ].join('\n\n'),
    )
  })

  it('joins the pieces of a line', () => {
    const piece = (str: string): TextItem => ({ ...line(str, 700), hasEOL: false })
    expect(textOf([piece('One'), piece(' '), piece('line'), piece(''), { ...line('', 700) }])).toBe('One line')
  })

  it('takes the height of a line from most of its letters', () => {
    const page = [
      line('Press ', 700),
      line('Start', 700, { height: 8 }),
      line('and wait. . . . . .', 688, { height: 10.2 }),
    ]
    expect(textOf([{ ...page[0], hasEOL: false }, page[1], page[2]])).toBe('Press Start and wait. . . . . .')
  })

  it('continues in the next column', () => {
    const page = [line('a sentence that', 100), line('begins here and', 88), line('ends there.', 700, { x: 300 })]
    expect(textOf(page)).toBe('a sentence that begins here and ends there.')
  })

  it('joins web addresses that are broken at the end of a line', () => {
    expect(textOf(lines('See http:', '//example.org/pump/ab-', 'c/ or www.example.', 'com/docs/. It is new.'))).toBe(
      'See http://example.org/pump/ab-c/ or www.example.com/docs/. It is new.',
    )
    expect(textOf(lines('See http://example.org/', 'for more, or www.example.org.', 'The rest is here.'))).toBe(
      'See http://example.org/ for more, or www.example.org. The rest is here.',
    )
  })

  it('composes accents that are separate characters', () => {
    expect(textOf(lines('St´ephane, M¨uller, Franc¸ois, na¨ıve, voil`a, `a` and don´t'))).toBe(
      'Stéphane, Müller, François, naïve, voilà, `a` and don´t',
    )
  })

  it('joins numbers and East Asian writing that are broken at the end of a line', () => {
    expect(textOf(lines('The models 737–', '9 and FAA-2020-', '0686, also non-', 'EU ones, from 3 –', '4 June'))).toBe(
      'The models 737–9 and FAA-2020-0686, also non-EU ones, from 3 – 4 June',
    )
    expect(textOf(lines('保证报告的真', '实、准确，', '完整 2018', '年'))).toBe('保证报告的真实、准确，完整 2018 年')
  })

  it('puts the cells of a row in order', () => {
    const cell = (str: string, x: number) => ({ ...line(str, 700, { x }), hasEOL: false })
    expect(textOf([cell('37.50', 400), cell('Director', 200), cell('Bain', 72), cell('bridge', 92)])).toBe(
      'Bainbridge Director 37.50',
    )
    // Arabic is in order from right to left.
    const arabic = [cell('مرحبا', 400), cell(' ', 390), cell('بكم', 300)].map((one) => ({ ...one, dir: 'rtl' }))
    expect(textOf(arabic)).toBe('مرحبا بكم')
  })

  it('reads text that is printed twice to look bold once, and repeated words twice', () => {
    const piece = (str: string, x: number) => ({ ...line(str, 700, { x }), hasEOL: false })
    expect(textOf([piece('Setup', 72), piece('Setup', 72.5), piece(' ', 97), piece('Setup', 102)])).toBe('Setup Setup')
  })

  it('distinguishes superscripts from the number or word before', () => {
    const small = (str: string, y: number, x: number) => ({ ...line(str, y, { x, height: 6 }), hasEOL: false })
    const text = (str: string, x: number) => ({ ...line(str, 700, { x }), hasEOL: false })
    expect(textOf([text('273.750', 72), small('12', 704, 107), text(' per m', 113), small('2', 704, 145)])).toBe(
      '273.750¹² per m²',
    )
    expect(textOf([text('H', 72), small('2', 698, 77), text('O and ', 81), small('small', 704, 112)])).toBe(
      'H2O and small',
    )
  })

  it('reads text that runs upwards', () => {
    const upwards = lines('The first line of a page that is', 'printed sideways.', 'Another').map((item, i) => ({
      ...item,
      transform: [0, 10, -10, 0, 100 + [0, 12, 36][i], 72],
    }))
    expect(textOf(upwards)).toBe('The first line of a page that is printed sideways.\n\nAnother')
  })

  it('is empty for an empty page', () => {
    expect(textOf([])).toBe('')
  })
})

describe('the paragraphs of several pages', () => {
  const body = (page: number) => [
    line(`Sentence ${'abc'[page]} begins on this page,`, 660),
    line('goes on in a second line and', 648),
    line(`ends here with the word ${'xyz'[page]}.`, 636),
  ]

  it('has no headers, footers or page numbers, whose words may differ', () => {
    const chapters = ['1 Setup', '1 Setup', '2 Repair']
    const pages = [0, 1, 2].map((page) => [
      line(`${chapters[page]} ${page + 11}`, 760),
      ...body(page),
      line('Acme Pump Manual', 40),
      line('Revision 7', 28),
    ])
    const text = textOf(...pages)
    expect(text).toBe([0, 1, 2].map((page) => textOf(body(page))).join('\n\n'))
  })

  it('has no titles of sections at the head of pages, which have no number', () => {
    const pages = [0, 1, 2].map((page) => [line(['1 Setup', '1.2 Water', '2 Repair'][page], 760), ...body(page)])
    expect(textOf(...pages)).not.toMatch(/Setup|Water|Repair/)
  })

  it('keeps the first and last lines of pages, numbers in them, and titles in a large font', () => {
    const pages = [0, 1, 2].map((page) => [
      line('Notes', 690, { height: 16 }),
      ...body(page),
      line(`Since 19${'579'[page]}4 it has been ${'red blue green'.split(' ')[page]}.`, 624),
    ])
    const text = textOf(...pages)
    expect(text.match(/Notes/g)).toHaveLength(3)
    expect(text.match(/Since 19\d4/g)).toHaveLength(3)
  })

  it('keeps the text of pages with few lines, such as slides', () => {
    const slides = ['Press the red button.', 'Wait a minute.', 'Open the lid.', 'Clean the filter.']
    const footer = (page: number) => line(`Pump manual, page ${page + 1}`, 40)
    expect(textOf(...slides.map((text, page) => [line(text, 700), footer(page)]))).toBe(slides.join('\n\n'))
  })

  it('keeps the text of pages that are all the same', () => {
    expect(textOf(...[0, 1, 2].map(() => [line('Fragile', 700)]))).toBe('Fragile\n\nFragile\n\nFragile')
  })

  it('has no lists of contents', () => {
    const contents = lines(
      'Contents',
      '1 Setup 3',
      '1.1 Water . . . . . . . 4',
      '1.2 Power. . . . . . 5',
      '2 Repair ....... iv',
    )
    expect(textOf(contents, body(0))).toBe(`Contents\n\n${textOf(body(0))}`)
  })

  it('joins a sentence that is broken by the end of a page, and knows its pages', () => {
    const [{ text, pages }, next] = paragraphsOf(
      [lines('Press the red button until the', 'lamp is'), lines('green. Then wait.'), lines('An hour is enough.')].map(
        linesOf,
      ),
    )
    expect(text).toBe('Press the red button until the lamp is green. Then wait.')
    expect(pages).toEqual([
      [0, 1],
      [text.indexOf('green'), 2],
    ])
    expect(next).toMatchObject({ text: 'An hour is enough.', pages: [[0, 3]] })
  })
})
