import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { recordedBatch } from '../../../tests/tiny-model.ts'
import { listVariants } from '../../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import { exportVariants } from '../export-model.ts'
import { gateRuntime } from './runtimes.ts'

const folder = fixture('tiny/b1/safetensors')
const { rows } = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))

test('Node.js computes the logits of an exported variant', async () => {
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(folder), loadTokenizer(folder)])
  const output_dir = join(temporaryFolder(), 'exported')
  await exportVariants({ folder, name: 'tiny', model, tokenizer }, { output_dir })
  const { logits } = await model.forward(rows)
  await model.release()
  const runtime = await gateRuntime('node').start({ pad_token_id: 0 })
  const [variant] = await listVariants(output_dir)
  const session = await runtime.open(output_dir, variant)
  const found = await session.run(rows)
  for (const [r, { attended }] of rows.entries())
    for (const side of ['start_logits', 'end_logits'] as const)
      for (let i = 0; i < attended; i++) expect(found[r][side][i]).toBeCloseTo(logits[r][side][i], 4)
  await session.close()
  await runtime.close()
})

test('an unknown runtime is an error that lists the known ones', () => {
  expect(() => gateRuntime('deno')).toThrow(/unknown runtime "deno"\n.*node/)
})
