import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recurringText } from '../../tests/recurring-text.ts'
import { packageFile } from '../package-root.ts'
import { type ClozeOptions, clozeExamples } from './cloze-examples.ts'
import { whQuestion } from './question.ts'
import { isProse, isWithoutSpaces, sentencesIn } from './sentences.ts'
import { answerSpans } from './spans.ts'
import { wordsOf } from './words.ts'

const OPTIONS: ClozeOptions = { seed: 1, style: 'cloze', mask: '[MASK]' }

const examplesOf = (passages: readonly string[], options: Partial<ClozeOptions> = {}) =>
  [...clozeExamples(passages, { ...OPTIONS, ...options })].flatMap(({ examples }) => examples)

const spansIn = (text: string) => {
  const words = wordsOf(text)
  return answerSpans(text, words).map(({ first, last }) => text.slice(words[first].start, words[last].end))
}

describe('sentencesIn', () => {
  it('keeps abbreviations, initials and line breaks within sentences', () => {
    const text = 'Dr. J. R. Smith, e.g. the\nU.S. author, wrote it.  He left.\n\nA heading\n\nThe end.'
    const found = sentencesIn(text)
    expect(found.map((sentence) => sentence.text)).toEqual([
      'Dr. J. R. Smith, e.g. the\nU.S. author, wrote it.',
      'He left.',
      'A heading',
      'The end.',
    ])
    for (const { start, text: part } of found) expect(text.slice(start, start + part.length)).toBe(part)
  })
})

describe('isProse', () => {
  it.each([
    ['The pump stops when the tank is full.', true],
    ['Installation and first steps with the pump', false],
    ['2.1 Installing the pump .......... 17.', false],
    ['const x = { a: 1 }; return x => x | y.', false],
    ['AUTHORIZED PERSONNEL ONLY MAY OPEN THIS DOOR.', false],
    ['and the pump stops when the tank is full.', false],
    ['12 14 16 18 20 22 24 rpm.', false],
    ['Short one.', false],
  ])('%s', (text, expected) => {
    expect(isProse(text, wordsOf(text))).toBe(expected)
  })

  it('recognizes languages without spaces', () => {
    expect(isWithoutSpaces('これは日本語の文章です。')).toBe(true)
    expect(isWithoutSpaces('这是中文。')).toBe(true)
    expect(isWithoutSpaces('ภาษาไทย')).toBe(true)
    expect(isWithoutSpaces('한국어는 띄어쓰기를 한다.')).toBe(false)
    expect(isWithoutSpaces('An English text about 日本.')).toBe(false)
  })
})

describe('answerSpans', () => {
  it('finds names, dates, numbers and phrases, whole', () => {
    expect(spansIn('She joined the University of Oxford on May 12, 2008 with $3.5 million.')).toEqual(
      expect.arrayContaining(['University of Oxford', 'May 12, 2008', '$3.5 million']),
    )
    expect(spansIn('He visited Marks & Spencer with J. K. Rowling.')).toEqual(
      expect.arrayContaining(['Marks & Spencer', 'J. K. Rowling']),
    )
    expect(spansIn('Press the reset button of the pump.')).toContain('reset button')
  })

  it('finds no part of a longer expression, no verbs, and no small numbers', () => {
    expect(spansIn('It ran from 1637–1642 at the Bank of England.')).not.toEqual(expect.arrayContaining(['1637']))
    expect(spansIn('The Bank of England is old.')).not.toContain('Bank')
    expect(spansIn('You need to distribute 3 of them.')).toEqual([])
    expect(spansIn('See the file user.mime_type there.')).not.toContain('user')
  })
})

describe('whQuestion', () => {
  const questionOf = (text: string, answer: string) => {
    const words = wordsOf(text)
    const first = words.findIndex(({ start }) => start === text.indexOf(answer))
    const last = words.findIndex(({ end }) => end === text.indexOf(answer) + answer.length)
    return whQuestion({ text, words, first, last })
  }

  it.each([
    [
      'Congress approved the statehood of Montana in February.',
      'Congress',
      'What approved the statehood of Montana in February?',
    ],
    ['The first store of the firm was founded in 1852.', '1852', 'When the first store of the firm was founded?'],
    ['However, the old pump was built and sold in Berlin.', 'Berlin', 'Where the old pump was built and sold?'],
    [
      'The building has 40 floors and a garden on the roof.',
      '40',
      'How many floors and a garden on the roof the building has?',
    ],
    ['Ada wrote the first program for this machine.', 'Ada', 'Who wrote the first program for this machine?'],
    [
      'The album was called Rust; it sold well in Europe.',
      'Rust',
      'The album was called what; it sold well in Europe?',
    ],
    [
      'It sold well in France, Spain, Italy and Portugal.',
      'Spain',
      'It sold well in France, what, Italy and Portugal?',
    ],
    [
      'The team won 40 games, which pleased the mayor of the city in 1990.',
      '1990',
      'The team won 40 games, which pleased the mayor of the city in what year?',
    ],
  ])('%s (%s)', (text, answer, expected) => {
    expect(questionOf(text, answer)).toBe(expected)
  })
})

describe('clozeExamples', () => {
  const texts = [
    ...Array.from({ length: 4 }, (_, i) => recurringText(i)),
    ...readdirSync(packageFile('docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(join(packageFile('docs'), name), 'utf8')),
  ]

  it('makes questions whose answers occur exactly once in a context without the sentence of the question', () => {
    let count = 0
    for (const text of texts)
      for (const { question, context, answer, answer_start } of examplesOf(text.split('\n\n').filter(Boolean))) {
        count++
        expect(context.slice(answer_start, answer_start + answer.length)).toBe(answer)
        const asWord = new RegExp(
          `(?<![\\p{L}\\p{N}_-])${answer.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+')}(?![\\p{L}\\p{N}_-])`,
          'giu',
        )
        expect(context.match(asWord), `${answer} in ${context}`).toHaveLength(1)
        expect(question).not.toMatch(asWord)
        const [before, after] = question.split('[MASK]')
        expect(after).toBeDefined()
        expect(context.replace(/\s+/g, ' ')).not.toContain(before.length > after.length ? before : after)
      }
    expect(count).toBeGreaterThan(50)
  })

  it('removes the sentence of the question from a passage that contains both', () => {
    const examples = examplesOf([recurringText(1, 1)])
    expect(examples.map(({ question, context, answer }) => [question, context, answer])).toContainEqual([
      'We saw the new road baa by day with [MASK] at sea.',
      'The new road baa of Max Ro is in the bay by a hut. All is well.',
      'Max Ro',
    ])
  })

  it('uses the given mask, question words in English only, and leaves out questions that do not fit', () => {
    const passages = recurringText(2).split('\n\n')
    expect(examplesOf(passages, { mask: '<mask>' }).every(({ question }) => question.includes('<mask>'))).toBe(true)
    expect(examplesOf(passages, { style: 'wh' }).some(({ question }) => /^(?:Where|What|Who) /.test(question))).toBe(
      true,
    )
    const mixed = examplesOf(passages, { style: 'mixed' }).filter(({ question }) => question.includes('[MASK]'))
    expect(mixed.length).toBeLessThan(examplesOf(passages).length)
    const german = [
      'Die alte Pumpe von Anna Berg steht im Hof hinter dem Haus. Wir sahen die alte Pumpe dort mit Anna Berg. Es war kalt.',
      'Der neue Kessel ist jetzt bei Karl Tal im Keller. Gestern kam Karl Tal wegen dem neuen Kessel. Es war kalt.',
    ]
    const found = examplesOf(german, { style: 'wh' })
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ question }) => question.includes('[MASK]'))).toBe(true)
    const [part] = clozeExamples(passages, { ...OPTIONS, fits: () => false })
    expect(part).toMatchObject({ examples: [], counts: { too_long: expect.any(Number) } })
    expect(part.counts.too_long).toBeGreaterThan(0)
  })

  it('asks nothing from sentences that repeat, or that are almost the same', () => {
    const footer = 'Page 3 of the manual of Una Sol for the red lamp.'
    const passages = Array.from({ length: 5 }, (_, i) => `${footer.replace('3', String(i))} ${recurringText(i, 1)}`)
    for (const { sentence } of examplesOf(passages)) expect(sentence).not.toContain('of the manual')
    const version = (n: string) => `The red lamp of the garden was made by Una Sol for the ${n} town house.`
    expect(examplesOf([version('old'), version('new')])).toEqual([])
  })

  it('makes no question that contains its answer, and cuts contexts so that they contain it once', () => {
    const twice = 'The old lamp of Una Sol was seen in the bay near a hut by a friend of Una Sol.'
    const once = 'We met Una Sol with the old lamp at sea in a small boat. All was well there.'
    const more = 'Some years went by. It was a cold day. Later the wife of Una Sol came to the coast. She left soon.'
    expect(examplesOf([twice, `${once} ${more}`]).map(({ question }) => question)).toEqual([
      'The [MASK] of Una Sol was seen in the bay near a hut by a friend of Una Sol.',
    ])
    const [{ context }] = examplesOf([twice.replace(' by a friend of Una Sol', ''), `${once} ${more}`])
    expect(context).toBe(`${once} Some years went by. It was a cold day.`)
  })

  it('takes linear time and little memory for a long document', () => {
    const passages = Array.from({ length: 3000 }, (_, i) => recurringText(i, 1))
    const began = performance.now()
    expect(examplesOf(passages).length).toBeGreaterThan(500)
    expect(performance.now() - began).toBeLessThan(30_000)
  })
})
