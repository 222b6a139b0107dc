import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import { noScreen } from '../screen/screen.ts'
import { evaluateModel } from './evaluate-model.ts'

test('a max_seq_length beyond the positions of the model is rejected with the maximum', async () => {
  const data = join(temporaryFolder(), 'data.json')
  const answers = [{ text: 'b', answer_start: 2 }]
  writeFileSync(data, toSquadJson([{ id: '1', question: 'a ?', context: 'a b c', answers }]))
  const model = fixture('tiny/b1/safetensors')
  const evaluation = evaluateModel({ model, data, max_seq_length: 384, doc_stride: 128, screen: noScreen })
  await expect(evaluation).rejects.toThrow('max_seq_length 384 exceeds the 64 tokens that')
  await expect(evaluation).rejects.toThrow('Set --max_seq_length to 64 or less, or leave it out.')
})
