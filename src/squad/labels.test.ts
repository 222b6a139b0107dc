import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { tokenizerFromVocab } from '../text/reading/tokenizer-files.ts'
import { labelWindow } from './labels.ts'
import { createWindows } from './windows.ts'

const tokenizer = tokenizerFromVocab(readFileSync(fixture('tokenizer/vocab.txt'), 'utf8'))

const windowsOf = (context: string, max_seq_length = 64) =>
  createWindows(tokenizer, [{ id: 'q', question: 'who?', context, answers: [] }], { max_seq_length, doc_stride: 2 })

describe('labelWindow', () => {
  it('labels questions without an answer, and windows without context, with [CLS]', () => {
    expect(labelWindow(windowsOf('Bob')[0], undefined)).toEqual({ start_position: 0, end_position: 0 })
    expect(labelWindow(windowsOf('')[0], { text: 'Bob', answer_start: 0 })).toEqual({
      start_position: 0,
      end_position: 0,
    })
  })

  it('covers a Hangul syllable that consists of three tokens', () => {
    // [CLS] who ? [SEP] then the three letters of the second syllable at 7 to 9.
    const [window] = windowsOf('서울 is')
    expect(labelWindow(window, { text: '울', answer_start: 1 })).toEqual({ start_position: 6, end_position: 8 })
  })

  it('points to the tokens of the answer, or to [CLS] if the window cuts it', () => {
    const word = fc.constantFrom('word', 'Ångström', '北京', '😀', 'unbelievable', 'x.y')
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(3), (words, place, more) => {
        const first = place % words.length
        const answer_start = words.slice(0, first).join(' ').length + (first > 0 ? 1 : 0)
        const text = words.slice(first, first + more + 1).join(' ')
        for (const window of windowsOf(words.join(' '), 24)) {
          const { start_position, end_position } = labelWindow(window, { text, answer_start })
          const { offsets, context_start, context_end } = window
          const inside =
            offsets[2 * context_start] <= answer_start && offsets[2 * context_end - 1] >= answer_start + text.length
          expect(start_position > 0).toBe(inside)
          if (!inside) continue
          expect([offsets[2 * start_position], offsets[2 * end_position + 1]]).toEqual([
            answer_start,
            answer_start + text.length,
          ])
        }
      }),
    )
  })
})
