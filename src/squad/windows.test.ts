import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { tokenizerFromVocab } from '../text/reading/tokenizer-files.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import { labelWindow } from './labels.ts'
import type { Example, Window } from './types.ts'
import { windowLength } from './window-plan.ts'
import { createWindows, tokenTypeIds, WindowCutter } from './windows.ts'

interface Recorded {
  input_ids: number[][]
  token_type_ids: number[][]
  offsets_utf16: number[][][]
  covering: number[][]
  error?: string
}
interface Pairs {
  settings: { max_length: number; stride: number }[]
  examples: {
    id: string
    question: string
    context: string
    answers: { text: string[]; answer_start_utf16: number[] }
    windows: Record<string, Recorded>
  }[]
  batch: Record<string, { examples: number[]; overflow_to_sample: number[] }>
}

const tokenizer = tokenizerFromVocab(readFileSync(fixture('tokenizer/vocab.txt'), 'utf8'))

const toExample = ({ id, question, context, answers }: Pairs['examples'][number]): Example => ({
  id,
  question,
  context,
  answers: answers.text.map((text, i) => ({ text, answer_start: answers.answer_start_utf16[i] })),
})

const offsetPairs = ({ offsets }: Window) =>
  Array.from({ length: offsets.length / 2 }, (_, i) => [offsets[2 * i], offsets[2 * i + 1]])

function record(windows: Window[], { answers }: Example): Omit<Recorded, 'error'> {
  const labels = windows.map((window) => labelWindow(window, answers[0]))
  return {
    input_ids: windows.map(({ input_ids }) => [...input_ids]),
    token_type_ids: windows.map((window) => [...tokenTypeIds(window)]),
    offsets_utf16: windows.map(offsetPairs),
    covering: labels.map((label) => [label.start_position, label.end_position]),
  }
}

function compareWith(pairs: Pairs): void {
  for (const { max_length, stride } of pairs.settings)
    it(`match the recorded ones at max_seq_length ${max_length}, doc_stride ${stride}`, () => {
      const options = { max_seq_length: max_length, doc_stride: stride }
      for (const recorded of pairs.examples) {
        const example = toExample(recorded)
        const { error, input_ids, token_type_ids, offsets_utf16, covering } =
          recorded.windows[`${max_length}/${stride}`]
        const cut = () => createWindows(tokenizer, [example], options)
        if (error) expect(cut).toThrow(example.id)
        else expect(record(cut(), example)).toEqual({ input_ids, token_type_ids, offsets_utf16, covering })
      }
    })
}

describe('Windows and labels', () => compareWith(fixtureJson<Pairs>('tokenizer/pairs.json')))

describeShared('Windows and labels of all recorded pairs', () => {
  const pairs: Pairs = JSON.parse(readFileSync(shared('reference/tokenizer/pairs.json'), 'utf8'))
  compareWith(pairs)

  it('of many examples contain the index of their example', () => {
    for (const { max_length, stride } of pairs.settings) {
      const batch = pairs.batch[`${max_length}/${stride}`]
      const examples = batch.examples.map((index) => toExample(pairs.examples[index]))
      const windows = createWindows(tokenizer, examples, { max_seq_length: max_length, doc_stride: stride })
      expect(windows.map(({ example }) => example)).toEqual(batch.overflow_to_sample)
    }
  })
})

describe('createWindows', () => {
  const example = (question: string, context: string): Example => ({ id: 'q7', question, context, answers: [] })

  it('reports a question that fills a window, with a remedy', () => {
    expect(() =>
      createWindows(tokenizer, [example('q '.repeat(61), 'word')], { max_seq_length: 64, doc_stride: 16 }),
    ).toThrow(/question q7: its 61 tokens leave no room .* max_seq_length 64\n.*raise max_seq_length to 81 or more/)
  })

  it('reports a question that leaves no more room than doc_stride', () => {
    const long = example('q '.repeat(45), 'word '.repeat(17))
    expect(() => createWindows(tokenizer, [long], { max_seq_length: 64, doc_stride: 16 })).toThrow(
      /question q7: .* room for 16 context tokens .* doc_stride 16.*\n.*doc_stride below 16/,
    )
  })

  it.each([
    [61, 64, 100, 'raise max_seq_len to 81 or more'],
    [61, 64, 80, 'use max_seq_len 80 with a doc_stride below 16'],
    [61, 64, 64, 'the model supports at most 64 tokens'],
    [45, 64, 64, 'use a doc_stride below 16'],
  ])(
    'suggests values that the model supports: %i tokens in windows of %i of %i',
    (tokens, max_seq_length, max_positions, remedy) => {
      const options = { max_seq_length, doc_stride: 16, max_positions, length_name: 'max_seq_len' }
      const long = example('q '.repeat(tokens), 'word '.repeat(17))
      expect(() => createWindows(tokenizer, [long], options)).toThrow(`Shorten the question, or ${remedy}.`)
    },
  )

  it('rejects lengths that are not integers', () => {
    expect(() => createWindows(tokenizer, [], { max_seq_length: 64.5, doc_stride: 16 })).toThrow(
      /max_seq_length is 64.5/,
    )
    expect(() => createWindows(tokenizer, [], { max_seq_length: 64, doc_stride: -1 })).toThrow(/doc_stride is -1/)
    // As a program in JavaScript may call it, for example with TrainingArguments without lengths.
    for (const lengths of [undefined, { max_seq_length: null, doc_stride: null }])
      expect(() => createWindows(tokenizer, [], lengths as never)).toThrow(
        /max_seq_length is (undefined|null); expected an integer of at least 0\n.*max_seq_length: 384/,
      )
  })

  it('truncates a question to max_question_length tokens, possibly within a word', () => {
    const [window] = createWindows(tokenizer, [example('what of unbelievable things', 'word')], {
      max_seq_length: 64,
      doc_stride: 16,
      max_question_length: 3,
    })
    const whole = [...tokenizer.encode('what of unbelievable things').ids]
    expect([...window.input_ids.subarray(1, window.context_start - 1)]).toEqual(whole.slice(0, 3))
  })

  it('reports the number of finished examples', () => {
    const done: number[] = []
    createWindows(tokenizer, [example('a', 'b'), example('c', 'd')], { max_seq_length: 8, doc_stride: 2 }, (n) =>
      done.push(n),
    )
    expect(done).toEqual([1, 2])
  })

  it('covers the entire context with windows that overlap by doc_stride tokens', () => {
    const words = fc.array(fc.constantFrom('word', 'Ångström', '北京', '😀', 'unbelievable', '.'), { maxLength: 200 })
    fc.assert(
      fc.property(words, fc.nat(6), fc.integer({ min: 12, max: 40 }), fc.nat(2), (words, asked, length, stride) => {
        const context = words.join(' ')
        const windows = createWindows(tokenizer, [example('q '.repeat(asked), context)], {
          max_seq_length: length,
          doc_stride: stride,
        })
        const parts = windows.map(({ input_ids, context_start, context_end }) => [
          ...input_ids.subarray(context_start, context_end),
        ])
        for (const [i, { input_ids }] of windows.entries()) {
          expect(input_ids.length).toBeLessThanOrEqual(length)
          if (i > 0) expect(parts[i].slice(0, stride)).toEqual(parts[i - 1].slice(parts[i - 1].length - stride))
        }
        const joined = parts.flatMap((part, i) => (i === 0 ? part : part.slice(stride)))
        expect(joined).toEqual([...tokenizer.encode(context).ids])
      }),
    )
  })
})

it('Windows can be counted and measured without cutting them', () => {
  const sizes = fc.record({ words: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 9, max: 30 }) })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 4 }), ({ words, length }, doc_stride) => {
      const cutter = new WindowCutter(tokenizer, { max_seq_length: length, doc_stride })
      const example = { id: 'q', question: 'a', context: 'word '.repeat(words), answers: [] }
      const [question, context] = [cutter.encodeQuestion(example.question), cutter.encodeContext(example.context)]
      const windows = cutter.cut(example, 0)
      expect(cutter.count(question, context)).toBe(windows.length)
      const plan = cutter.plan(question, context, 'q')
      expect(windows.map((_, index) => windowLength(plan, index))).toEqual(
        windows.map(({ input_ids }) => input_ids.length),
      )
    }),
  )
})

describe('Windows of tokenizers other than BERT', () => {
  const vocab = ['[UNK]', '<s>', '</s>', '<pad>', '<mask>', 'a', 'b'].join('\n')
  const windowOf = (config: object) =>
    new WindowCutter(tokenizerFromVocab(vocab, config), { max_seq_length: 16, doc_stride: 2 }).cut(
      { id: 'q', question: 'a', context: 'b b', answers: [] },
      0,
    )[0]

  it('have the special tokens and the token types of the class', () => {
    const window = windowOf({ tokenizer_class: 'MPNetTokenizer', model_input_names: ['input_ids', 'token_type_ids'] })
    expect([...window.input_ids]).toEqual([1, 5, 2, 2, 6, 6, 2])
    expect([...tokenTypeIds(window)]).toEqual([0, 0, 0, 0, 1, 1, 1])
    expect([window.context_start, window.context_end]).toEqual([4, 6])
  })

  it('have token types of 0 if the tokenizer has none', () => {
    expect([...tokenTypeIds(windowOf({ tokenizer_class: 'MPNetTokenizer' }))]).toEqual([0, 0, 0, 0, 0, 0, 0])
  })

  it('are rejected if padding or truncation is on the left', () => {
    for (const name of ['padding_side', 'truncation_side'])
      expect(() => windowOf({ tokenizer_class: 'MPNetTokenizer', [name]: 'left' })).toThrow(`${name} is left`)
  })

  it('are rejected without a special token before the question or after the context', () => {
    const { settings } = tokenizerFromVocab(vocab, { tokenizer_class: 'MPNetTokenizer' })
    const rejection = (post_processor: unknown) => {
      const bare = new Tokenizer({ ...settings, post_processor: post_processor as typeof settings.post_processor })
      try {
        return new WindowCutter(bare, { max_seq_length: 16, doc_stride: 2 }).layout
      } catch (error) {
        return (error as Error).message
      }
    }
    const pairs = (pair: string[]) => ({
      type: 'TemplateProcessing',
      single: [],
      pair: pair.map((id) =>
        id.length === 1 ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id: '[CLS]', type_id: 0 } },
      ),
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] } },
    })
    expect(rejection(null)).toMatch('post_processor is null, so pairs get no special tokens')
    expect(rejection(pairs(['A', 'B']))).toMatch('puts no special token before the question')
    expect(rejection(pairs(['[CLS]', 'A', '[CLS]', 'B']))).toMatch('puts no special token after the context')
    expect(rejection(pairs(['[CLS]', 'B', 'A', '[CLS]']))).toMatch(
      'must output the question once, followed by the context once',
    )
  })
})
