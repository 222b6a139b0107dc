import { beforeAll, expect, test } from 'vitest'
import { maxDifference } from '../../tests/read-safetensors.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { readExamples, readJson, readLogits, readWindows } from '../../tests/squad-reference.ts'
import { isThorough } from '../../tests/thorough.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { createDataset } from '../squad/dataset.ts'
import { type Evaluation, evaluateDataset } from './evaluate.ts'
import { loadPretrained } from './pretrained.ts'

/** The number of questions per file; undefined means all. */
const QUESTIONS = isThorough ? Infinity : 12

describeShared('The reference model on the recorded 260 questions', () => {
  const folder = shared('reference/postprocess')
  const examples = readExamples(`${folder}/examples.json`)
  const files = ['squad-v1.1-dev-xquad-en.json', 'mlqa-dev-en.json']
  const evaluations = new Map<string, Evaluation>()

  beforeAll(async () => {
    const tokenizer = await loadTokenizer(shared('models/minilm-qa-reference'))
    const { model } = await loadPretrained(shared('models/minilm-qa-reference'))
    for (const file of files) {
      const own = examples.filter((example) => example.file === file).slice(0, QUESTIONS)
      const dataset = createDataset(tokenizer, own, { max_seq_length: 384, doc_stride: 128 })
      evaluations.set(file, await evaluateDataset(model, dataset, { padding: 'max_length', max_seq_length: 384 }))
    }
    await model.release()
  }, 600_000)

  test('reproduces the recorded logits, including those of padding', () => {
    const windows = readWindows(`${folder}/windows.json`, examples)
    const recorded = readLogits(`${folder}/logits.safetensors`)
    for (const [file, { logits }] of evaluations) {
      const first = examples.findIndex((example) => example.file === file)
      const own = recorded.filter((_, i) => {
        const { example } = windows[i]
        return examples[example].file === file && example < first + QUESTIONS
      })
      expect(logits).toHaveLength(own.length)
      // The tolerance of the reference: padding a window changes its logits by 1.5e-5 in torch itself.
      for (const [i, { start_logits, end_logits }] of logits.entries()) {
        expect(maxDifference(start_logits, own[i].start_logits)).toBeLessThan(1e-4)
        expect(maxDifference(end_logits, own[i].end_logits)).toBeLessThan(1e-4)
      }
    }
  })

  // The official metrics are for all questions.
  test.each(isThorough ? files : [])('reproduces the official EM and F1 of %s exactly', (file) => {
    const { v1 } = readJson<{ v1: Record<string, object> }>(`${folder}/metrics-v1.json`)
    const { eval_exact_match, eval_f1 } = evaluations.get(file)!.metrics
    expect(v1[file]).toMatchObject({ exact_match: eval_exact_match, f1: eval_f1 })
  })
})
