import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import { noScreen } from '../screen/screen.ts'
import { evaluateModel } from './evaluate-model.ts'

test('windows longer than the model has positions are refused, with what to give instead', async () => {
  const data = join(temporaryFolder(), 'data.json')
  const answers = [{ text: 'b', answer_start: 2 }]
  writeFileSync(data, toSquadJson([{ id: '1', question: 'a ?', context: 'a b c', answers }]))
  const model = fixture('tiny/b1/safetensors')
  const evaluation = evaluateModel({ model, data, max_seq_length: 384, doc_stride: 128, screen: noScreen })
  await expect(evaluation).rejects.toThrow('max_seq_length 384 is more than the 64 tokens that')
  await expect(evaluation).rejects.toThrow('Give --max_seq_length 64 or less, or leave it out.')
})
