import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { toRows } from '../batching/rows.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../inference/pretrained.ts'
import { WindowCutter } from '../squad/windows.ts'
import { exportVariants } from './export-model.ts'

/** A Python with onnxruntime, transformers and optimum: SPANFORGE_PYTHON, or python3. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const has = (...modules: string[]) => spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0
const hasRuntime = has('onnxruntime', 'transformers')
const hasOptimum = hasRuntime && has('optimum.onnxruntime')
if (!hasRuntime)
  console.warn(`SKIPPED (${python} has no onnxruntime and transformers; see SPANFORGE_PYTHON): card-examples`)
else if (!hasOptimum)
  console.warn(`SKIPPED (${python} has no optimum; see SPANFORGE_PYTHON): card-examples with Optimum`)

const [question, context] = ['Who wrote it?', 'It was written by Ada.']

/** Exports the tiny model to the folder "exported", and returns its parent and the model's own answer. */
async function exported(...dtypes: ExportDtype[]) {
  const folder = fixture('tiny/b1/safetensors')
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(folder), loadTokenizer(folder)])
  const parent = temporaryFolder()
  await exportVariants({ folder, name: 'tiny', model, tokenizer }, { output_dir: join(parent, 'exported'), dtypes })
  const example = { id: '1', question, context, answers: [] }
  const [window] = new WindowCutter(tokenizer, { max_seq_length: 64, doc_stride: 16 }).cut(example, 0)
  const { logits } = await model.forward(toRows([window]))
  await model.release()
  const peak = (side: Float32Array) => side.indexOf(Math.max(...side))
  const [start, end] = [peak(logits[0].start_logits), peak(logits[0].end_logits)]
  return { parent, tokens: [...window.input_ids.subarray(start, end + 1)] }
}

/** The code blocks of the model card in a language. */
const blocks = (parent: string, language: string): string[] =>
  [...readFileSync(join(parent, 'exported/README.md'), 'utf8').matchAll(/```(\w+)\n(.*?)```/gs)].flatMap(
    ([, of, code]) => (of === language ? [code] : []),
  )

const run = (parent: string, code: string): string =>
  execFileSync(python, ['-c', code], {
    cwd: parent,
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  }).trim()

describe.skipIf(!hasRuntime)('the examples of a model card in Python', { timeout: 300_000 }, () => {
  test.each([['fp32'], ['fp16']] as const)('answer with ONNX Runtime and %s as the model does', async (dtype) => {
    const { parent, tokens } = await exported(dtype)
    const [code] = blocks(parent, 'python')
    expect(code).toContain('onnxruntime.InferenceSession')
    const decode = `from transformers import AutoTokenizer\nprint(AutoTokenizer.from_pretrained("exported").decode(${JSON.stringify(tokens)}))`
    expect(run(parent, code)).toBe(run(parent, decode))
  })

  test.skipIf(!hasOptimum)('answer with Optimum', async () => {
    const { parent } = await exported('fp32', 'q8')
    const [, code] = blocks(parent, 'python')
    expect(code).toContain('ORTModelForQuestionAnswering')
    expect(run(parent, code)).toMatch(/\{'score': .*'answer': '.*'\}/)
  })
})
