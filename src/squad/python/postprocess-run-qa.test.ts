import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { describeShared, shared } from '../../../tests/shared.ts'
import { readExamples, readJson, readLogits, readWindows } from '../../../tests/squad-reference.ts'
import { postprocessRunQa, type RunQaCandidate, type RunQaOptions } from './postprocess-run-qa.ts'
import { runQaFiles } from './run-qa-files.ts'

/** Requires the same bytes if the softmax is float32. The n-best of a folder with "empty" answers has a separate test. */
function expectSameFiles(folder: string, files: Record<string, string>, names = Object.keys(files)) {
  for (const name of names) expect(files[name] === readFileSync(`${folder}/${name}`, 'utf8'), name).toBe(true)
}

describeShared('postprocessRunQa writes the files of run_qa, byte for byte', () => {
  const folder = shared('reference/postprocess')
  const examples = readExamples(`${folder}/examples.json`)
  const windows = readWindows(`${folder}/windows.json`, examples)
  const files = (options: RunQaOptions, realTokens = false) => {
    const logits = readLogits(`${folder}/logits.safetensors`, realTokens ? windows : undefined)
    return runQaFiles(postprocessRunQa(examples, windows, logits, options))
  }

  test('from padded logits', () => expectSameFiles(`${folder}/v1`, files({})))

  test('from the logits of real tokens', () => expectSameFiles(`${folder}/v1-real-tokens`, files({}, true)))

  test.each([
    ['0', 0],
    ['minus-2', -2],
    ['minus-8', -8],
  ])('with unanswerable questions and threshold %s', (name, null_score_diff_threshold) => {
    const options = { version_2_with_negative: true, null_score_diff_threshold }
    expectSameFiles(`${folder}/v2-threshold-${name}`, files(options))
  })
})

describe('postprocessRunQa on difficult logits', () => {
  const folder = fixture('postprocess/edge')
  const all = readExamples(fixture('postprocess/examples.json'))
  const used = new Set(readWindows(`${folder}/windows.json`, all).map(({ example }) => all[example].id))
  const examples = all.filter(({ id }) => used.has(id))
  const windows = readWindows(`${folder}/windows.json`, examples)
  const logits = readLogits(`${folder}/logits.safetensors`)
  const short: RunQaOptions = { n_best_size: 5, max_answer_length: 8 }
  const v2: RunQaOptions = { version_2_with_negative: true }

  test.each([
    ['v1', {}],
    ['v1-nbest-5-longest-8', short],
  ])('writes the same bytes as %s', (name, options: RunQaOptions) => {
    expectSameFiles(`${folder}/${name}`, runQaFiles(postprocessRunQa(examples, windows, logits, options)))
  })

  test.each([
    ['v2', v2],
    ['v2-nbest-5-longest-8', { ...v2, ...short }],
  ])(
    'writes the same files as %s, with a tolerance of 1e-15 for probabilities if only "" is left',
    (name, options: RunQaOptions) => {
      const results = postprocessRunQa(examples, windows, logits, options)
      expectSameFiles(`${folder}/${name}`, runQaFiles(results), ['predictions.json', 'null_odds.json'])
      const recorded = readJson<Record<string, RunQaCandidate[]>>(`${folder}/${name}/nbest_predictions.json`)
      expect([...results.nbest_predictions.keys()]).toEqual(Object.keys(recorded))
      for (const [id, nbest] of results.nbest_predictions) {
        // This softmax is computed in float64, where exp in JavaScript and numpy can differ in the last bit.
        const digits = nbest[0].text === 'empty' ? 15 : 30
        expect(nbest.map(({ probability, ...rest }) => rest)).toEqual(
          recorded[id].map(({ probability, ...rest }) => rest),
        )
        for (const [i, { probability }] of nbest.entries())
          expect(probability).toBeCloseTo(recorded[id][i].probability, digits)
      }
    },
  )
})

test('a question without windows is rejected', () => {
  const question = { id: 'q', question: '?', context: '', answers: [] }
  expect(() => postprocessRunQa([question], [], [])).toThrow(/question q has no windows/)
})
