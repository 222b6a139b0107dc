import { describe, expect, it } from 'vitest'
import { parseSquad } from '../../../src/squad/reading/squad-json.ts'
import {
  type Corrected,
  corrected,
  correctionOf,
  correctionTrainingCommand,
  fileOf,
  isFromServerFolder,
  parseCorrections,
  versionOf,
} from './corrections.ts'

const context = 'The 🦊🦊 of Łódź sleep in Łódź. They wake at nine.'
const spanOf = (words: string, from = 0) => {
  const start = context.indexOf(words, from)
  return { start, end: start + words.length }
}
const correction = (more: Partial<Corrected> = {}): Corrected => ({
  title: 'foxes.txt',
  text: context,
  question: 'Where do they sleep?',
  span: spanOf('Łódź', 15),
  ...more,
})

describe('a file of corrections', () => {
  it('counts code points like SQuAD', () => {
    const file = JSON.parse(fileOf(corrected([], correction())))
    expect(file.version).toBe('1.1')
    const [{ context: written, qas }] = file.data[0].paragraphs
    const { text, answer_start } = qas[0].answers[0]
    expect(answer_start).toBe(context.indexOf('Łódź', 15) - 2)
    expect([...written].slice(answer_start, answer_start + [...text].length).join('')).toBe('Łódź')
  })

  it('survives a round trip', () => {
    const list = corrected(corrected([], correction()), correction({ question: 'When?', span: undefined }))
    expect(parseSquad(fileOf(list), 'file')).toEqual(list)
    expect(parseCorrections(fileOf(list))).toEqual(list)
  })

  it('is in SQuAD v2.0 format if a question has no answer', () => {
    const list = corrected(corrected([], correction()), correction({ question: 'Why?', span: undefined }))
    expect(versionOf(list)).toBe('v2.0')
    const { version, data } = JSON.parse(fileOf(list))
    expect(version).toBe('v2.0')
    expect(data[0].paragraphs[0].qas.map((qa: { is_impossible: boolean }) => qa.is_impossible)).toEqual([false, true])
  })

  it('contains each text once, independent of the order of corrections', () => {
    const other = correction({ text: context.replace('nine', 'ten'), title: 'more.txt' })
    const list = [correction(), other, correction({ question: 'Who?', span: spanOf('🦊') })].reduce(corrected, [])
    const { data } = JSON.parse(fileOf(list))
    expect(data).toHaveLength(2)
    expect(data[0].paragraphs[0].qas).toHaveLength(2)
  })
})

describe('a correction', () => {
  it('replaces an earlier one for the same question and text', () => {
    const list = corrected(corrected([], correction()), correction({ span: spanOf('nine') }))
    expect(list.map(({ answers }) => answers)).toEqual([[{ text: 'nine', answer_start: context.indexOf('nine') }]])
  })

  it('includes the passage around the answer, not the whole text', () => {
    const filler = 'Nothing happens here. '.repeat(20)
    const book = `${`${filler}\n\n`.repeat(300)}${context}\n\n${`${filler}\n\n`.repeat(300)}`
    const start = book.indexOf('nine')
    const span = { start, end: start + 4 }
    const [kept] = corrected([], correction({ text: book, span }))
    expect(kept.context.length).toBeLessThan(1300)
    expect(kept.context).toContain(context)
    const [{ text, answer_start }] = kept.answers
    expect(kept.context.slice(answer_start, answer_start + text.length)).toBe('nine')
    expect(correctionOf([kept], kept.question, book)).toEqual({ text: 'nine', span })
    expect(correctionOf([kept], kept.question, 'Another text.')).toBeUndefined()

    const [none] = corrected([kept], correction({ text: book, span: undefined, mistaken: span }))
    expect(none.context).toBe(kept.context)
    expect(correctionOf([none], none.question, book)).toBeNull()
  })

  it('has a unique id', () => {
    const list = corrected(corrected([], correction()), correction({ question: 'Who?' }))
    expect(new Set(list.map(({ id }) => id)).size).toBe(2)
  })
})

describe('stored corrections', () => {
  it('are empty at first, and undefined if corrupted', () => {
    expect(parseCorrections(undefined)).toEqual([])
    for (const broken of ['', '{', '{"data": [{}]}']) expect(parseCorrections(broken)).toBeUndefined()
  })
})

describe('the training command', () => {
  const list = corrected([], correction())
  const none = corrected(list, correction({ question: 'Why?', span: undefined }))
  const model = { name: 'run', source: 'runs/demo/run' }

  it('contains the model and the file', () => {
    expect(correctionTrainingCommand(list, 'corrections.json', model)).toBe(
      'npx spanforge train --model runs/demo/run --train_file corrections.json --output_dir corrected',
    )
    expect(correctionTrainingCommand(list, 'c.json', { name: 'own/bert' })).toContain('--model own/bert ')
    const exported = { name: 'starter', source: '/package/starter', exported: true }
    expect(correctionTrainingCommand(list, 'c.json', exported)).toContain('--model MODEL ')
  })

  it('has --version_2_with_negative for unanswerable questions', () => {
    expect(correctionTrainingCommand(none, 'c.json', model)).toMatch(/ --version_2_with_negative$/)
  })

  it('knows models whose folder depends on where the server was started', () => {
    const isRelative = (source?: string) => isFromServerFolder({ name: 'a', source })
    expect(['models/a', './a', 'own/bert'].map(isRelative)).toEqual([true, true, true])
    expect(['/models/a', 'C:\\models\\a', 'D:/a', '\\\\host\\a', undefined].map(isRelative)).toEqual(
      Array(5).fill(false),
    )
    expect(isFromServerFolder({ name: 'a', source: 'models/a', exported: true })).toBe(false)
  })

  it('quotes the name of the model', () => {
    expect(correctionTrainingCommand(list, 'c.json', { ...model, source: "my model'; rm -rf x" })).toContain(
      "--model 'my model'\\''; rm -rf x' --train_file",
    )
  })
})
