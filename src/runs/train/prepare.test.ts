import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { noScreen } from '../screen/screen.ts'
import { prepareRun } from './prepare.ts'

describe('Mutually exclusive arguments', () => {
  it.each([
    [{ fp16: true, bf16: true }, 'fp16 and bf16 are mutually exclusive'],
    [{ fp16: true, bf16_full_eval: true }, 'fp16 and bf16_full_eval are mutually exclusive'],
    [{ warmup_steps: 1, warmup_ratio: 0.1 }, 'warmup_steps and warmup_ratio are mutually exclusive'],
    [{ max_minutes: 1, max_steps: 5 }, 'max_minutes and max_steps are mutually exclusive'],
  ])('%j are rejected before data and engine are loaded', async (given, message) => {
    const args = parseArguments({ ...given, model: 'nowhere', train_file: 'nowhere.json' }, 'test')
    await expect(prepareRun(args, { screen: noScreen })).rejects.toThrow(message)
  })
})
