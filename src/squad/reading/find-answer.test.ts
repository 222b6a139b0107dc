import { describe, expect, it } from 'vitest'
import { CodePoints } from './code-points.ts'
import { AnswerFinder, cutsNumber, likelyPlaces } from './find-answer.ts'

const found = (text: string, context: string) => new AnswerFinder().findVariant(text, context)?.answer.text

describe('an answer that is not verbatim in its context', () => {
  it.each([
    ['NFC in NFD', 'München', 'Das Café in München', 'München'.normalize('NFD'), 'NFD'],
    ['NFD in NFC', 'München'.normalize('NFD'), 'Das Café in München', 'München', 'NFC'],
  ] as const)('is found where it differs in normalization: %s', (_, text, context, expected, form) => {
    expect(found(text, context.normalize(form))).toBe(expected)
  })

  it.each([
    ['case and whitespace', 'new york times', 'The New  York\nTimes wrote it', 'New  York\nTimes'],
    ['quotation marks', `Ada's "first" program`, 'It was Ada’s “first” program.', 'Ada’s “first” program'],
    ['the reverse', 'Ada’s', "It was Ada's.", "Ada's"],
    ['no-break spaces', '5 kg', 'It had 5\u00a0kg.', '5\u00a0kg'],
    ['dashes', '1990-1995', 'from 1990–1995 on', '1990–1995'],
    ['dots', 'wait...', 'They said wait… then', 'wait…'],
    ['soft hyphens', 'program', 'the pro\u00adgram ran', 'pro\u00adgram'],
  ])('is found if it differs in %s', (_, text, context, expected) => {
    expect(found(text, context)).toBe(expected)
  })

  it.each([
    ['1450', 'It cost 1,450 dollars', '1,450'],
    ['1450', 'It cost 1.450 Euro', '1.450'],
    ['1450', 'It cost 1 450 francs', '1 450'],
    ['1,450', 'It cost 1450 dollars', '1450'],
    ['123', 'The code 00123 is', '00123'],
    ['4.5', 'It weighed 4.50 kg', '4.50'],
    ['4,5', 'It weighed 4.5 kg', '4.5'],
    ['0.15', 'About 15% of them', '15%'],
    ['0.15', 'About 15 % of them', '15 %'],
    ['1.23E+12', 'The number 1234567890123 is', '1234567890123'],
    ['1843.0', 'It was in 1843', '1843'],
    ['-5', 'It was −5 degrees', '−5'],
    ['1250000', 'A sum of 12,50,000 rupees', '12,50,000'],
  ])('is found as the same number: %s in "%s"', (text, context, expected) => {
    expect(found(text, context)).toBe(expected)
  })

  it.each([
    ['5-Mar', 'On March 5 they met', 'March 5'],
    ['05-Mar-21', 'On March 5, 2021 they met', 'March 5, 2021'],
    ['3/5/2021', 'On 5 March 2021 they met', '5 March 2021'],
    ['2021-03-05 00:00:00', 'On March 5th, 2021 they met', 'March 5th, 2021'],
    ['Mar-21', 'In March 2021 they met', 'March 2021'],
    ['2-Jan', 'A ratio of 1/2 is', '1/2'],
    ['2021-03-05', 'On 05.03.2021 they met', '05.03.2021'],
  ])('is found as the same date: %s in "%s"', (text, context, expected) => {
    expect(found(text, context)).toBe(expected)
  })

  it.each([
    ['$1,450.00', 'It cost $1,450 in all', '$1,450'],
    [' 1.450,00 € ', 'It cost 1450 € in all', '1450 €'],
    ['€ 1.450,00', 'It cost € 1.450, no more', '€ 1.450'],
    ['14:30:00', 'It was at 14:30.', '14:30'],
    ['14:30:00', 'It was at 2:30 p.m. then', '2:30 p.m.'],
    ['2:30 PM', 'It was at 14.30 then', '14.30'],
    ['12:05 AM', 'It was at 00:05 then', '00:05'],
  ])('is found as the same amount or time: %s in "%s"', (text, context, expected) => {
    expect(found(text, context)).toBe(expected)
  })

  it.each([
    ['$1,450.00', 'It cost €1,450'],
    ['2:30 PM', 'It was at 2:30 am'],
    ['14:30:10', 'It was at 14:30'],
    ['1450', 'It cost 14,50 dollars'],
    ['1843', 'It was 18.43'],
    ['12', 'It was in 2012'],
    ['5-Mar', 'On March 6 they met'],
    ['mu', 'Das Mu\u0308nchen'],
    ['Ada', 'Bob'],
    ['', 'Bob'],
  ])('is not confused with something else: %s in "%s"', (text, context) => {
    expect(found(text, context)).toBeUndefined()
  })

  it('prefers whole words and distinguishes parts of a number from the number', () => {
    expect(likelyPlaces('bo', 'bobby, bo and Ebo')).toEqual([{ text: 'bo', answer_start: 7 }])
    expect(likelyPlaces('京', '東京と京都').length).toBe(2)
    expect([
      cutsNumber({ text: '12', answer_start: 2 }, '2012'),
      cutsNumber({ text: '12', answer_start: 0 }, '12 kg'),
    ]).toEqual([true, false])
  })

  it('returns all equally good places, the nearest first', () => {
    const context = 'ADA and Ada'
    const { answer, places } = new AnswerFinder().find('ada', context, 9, new CodePoints(context))!
    expect([answer, places]).toEqual([{ text: 'Ada', answer_start: 8 }, 2])
  })
})
