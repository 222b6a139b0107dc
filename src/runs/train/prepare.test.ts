import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { noScreen } from '../screen/screen.ts'
import { deviceOf, prepareRun } from './prepare.ts'

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

describe('Devices', () => {
  it.each([
    [null, [null, null]],
    ['cpu', ['cpu', 'cpu']],
    ['openvino:GPU.0, openvino:GPU.1', ['openvino:GPU.0', 'openvino:GPU.1', 'openvino:GPU.0']],
  ])('%s are taken in turn by the processes on a host', (device, expected) => {
    expect(expected.map((_, local_rank) => deviceOf({ device }, local_rank))).toEqual(expected)
  })

  it('of a host must exist', async () => {
    const args = parseArguments(
      { model: tinyFolder, train_file: writeTinySquad(temporaryFolder(), 'train.json', 4), device: 'cpu,nowhere' },
      'test',
    )
    const prepared = await prepareRun(args, { screen: noScreen, local_rank: 2 })
    expect(prepared.args.device).toBe('cpu,nowhere')
    await prepared.model.release()
    await expect(prepareRun(args, { screen: noScreen, local_rank: 1 })).rejects.toThrow('device: found "nowhere"')
  })
})
