import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { parseArguments } from '../arguments/arguments.ts'
import { newTrainerState, readTrainerState, writeTrainerState } from './state.ts'

describe('trainer_state.json', () => {
  it('written by transformers survives a round trip', async () => {
    const recorded = fixture('training/trainer_state.json')
    const path = join(temporaryFolder(), 'trainer_state.json')
    await writeTrainerState(path, await readTrainerState(recorded))
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(readFileSync(recorded, 'utf8')))
    // Only the notation of numbers differs (3 and 3.0). The order of the keys is the same.
    const keys = (text: string) => text.match(/"\w+":/g)
    expect(keys(readFileSync(path, 'utf8'))).toEqual(keys(readFileSync(recorded, 'utf8')))
  })

  it('initially has the fields of transformers', async () => {
    const recorded = await readTrainerState(fixture('training/trainer_state.json'))
    const state = newTrainerState(parseArguments({ logging_steps: 0.1, eval_steps: 5 }, 'test'), 33, 3)
    expect(Object.keys(state).sort()).toEqual(Object.keys(recorded).sort())
    expect(state).toMatchObject({
      logging_steps: 4,
      eval_steps: 5,
      save_steps: 500,
      max_steps: 33,
      num_train_epochs: 3,
    })
  })

  it.each(['', '{', '[]', '{"global_step": "3"}'])('is rejected if it contains %j', async (content) => {
    const path = join(temporaryFolder(), 'trainer_state.json')
    writeFileSync(path, content)
    await expect(readTrainerState(path)).rejects.toThrow(`${path}: not a trainer_state.json`)
  })
})
