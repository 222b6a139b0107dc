import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { thoroughOr } from '../../../tests/thorough.ts'
import { tokenizerFromVocab } from '../../text/reading/tokenizer-files.ts'
import { pipelineAnswers } from '../python/pipeline-answers.ts'
import { postprocessRunQa } from '../python/postprocess-run-qa.ts'
import { WindowCutter } from '../windows.ts'
import { findAnswers } from './answers.ts'
import { wordRanges } from './words.ts'

const tokenizer = tokenizerFromVocab(readFileSync(fixture('tokenizer/vocab.txt'), 'utf8'))

/** Words in many scripts, combining marks, joiners, direction marks and lone surrogates. */
const WORDS =
  'the Ångström naïve e\u0301a\u0308 straße İstanbul שלום مَرْحَبًا नमस्ते สวัสดี ខ្មែរ தமிழ் 한국어 ᄒᆞᆫ글 漢字かな カナ 𠀀𝔘 Ελλάδα Привет ' +
  '👩‍👩‍👧 🇫🇷 ﬁne ½ ٣٤ \u202eabc\u202c \u200b \ufeff \ud83d \udc00 [SEP] [MASK] don’t 3.14 $5 — …'
const text = fc
  .array(fc.oneof(fc.constantFrom(...WORDS.split(' ')), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 14 })
  .chain((words) => fc.constantFrom(' ', '', '\n', '\u3000', '\u00a0').map((space) => words.join(space)))

const CASES = thoroughOr(10_000, 1000)

test(`${CASES} contexts and questions in all scripts: answers of all post-processing methods match their positions`, () => {
  const asked = fc.record({
    context: text,
    question: text,
    seed: fc.integer(),
    max_seq_length: fc.integer({ min: 60, max: 80 }),
  })
  fc.assert(
    fc.property(asked, ({ context, question, seed, max_seq_length }) => {
      const example = { id: 'q', question, context, answers: [] }
      const options = { max_seq_length, doc_stride: 4, max_question_length: 40 }
      const windows = new WindowCutter(tokenizer, options).cut(example, 0)
      const noise = (window: number, salt: number) => (_: unknown, i: number) =>
        4 * Math.sin(seed + 7919 * window + 104729 * salt + 31 * i * i)
      const logits = windows.map(({ input_ids }, w) => ({
        start_logits: Float32Array.from(input_ids, noise(w, 1)),
        end_logits: Float32Array.from(input_ids, noise(w, 2)),
      }))
      const words = seed % 2 ? wordRanges(tokenizer.encode(context)) : undefined
      const found = [
        ...findAnswers([{ context, windows, logits, words }], { top_k: 5, handle_impossible_answer: seed % 3 === 0 })
          .candidates,
        ...pipelineAnswers(context, windows, logits, { top_k: 5, words }),
      ]
      for (const { answer, start, end, score } of found) {
        expect(context.slice(start, end)).toBe(answer)
        expect(score).toBeGreaterThanOrEqual(0)
      }
      const { nbest_predictions } = postprocessRunQa([example], windows, logits, { n_best_size: 5 })
      for (const { text } of nbest_predictions.get('q')!) expect(text === 'empty' || context.includes(text)).toBe(true)
    }),
    { numRuns: CASES },
  )
}, 600_000)
