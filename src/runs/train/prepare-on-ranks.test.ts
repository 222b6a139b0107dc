import { expect, test, vi } from 'vitest'
import { fakeRanks } from '../../../tests/fake-ranks.ts'
import { float16Engine } from '../../../tests/float16-engine.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import { parseArguments, type TrainingArgumentsInput } from '../../training/arguments/arguments.ts'
import * as loading from '../load/load-model.ts'
import { noScreen } from '../screen/screen.ts'
import { prepareRun } from './prepare.ts'
import { prepareOnRanks } from './prepare-on-ranks.ts'

const argumentsOf = (folder: string, more: TrainingArgumentsInput = {}) =>
  parseArguments(
    {
      ...{ model: tinyFolder, max_seq_length: 48, doc_stride: 8, num_train_epochs: 1, ...more },
      train_file: writeTinySquad(folder, 'train.json', 4200),
      validation_file: writeTinySquad(folder, 'dev.json', 7),
    },
    'test',
  )

test('one rank of each host tokenizes, and the others receive its windows', async () => {
  const args = argumentsOf(temporaryFolder())
  const alone = await prepareRun(args, { screen: noScreen })
  const ranks = fakeRanks(3, 2)
  const sent = ranks.map(() => 0)
  const counted = ranks.map((own, i) => ({
    ...own,
    local: {
      ...own.local,
      gather(bytes: Uint8Array) {
        sent[i] += bytes.length
        return own.local.gather(bytes)
      },
    },
  }))
  const prepared = await Promise.all(counted.map((own) => prepareOnRanks(args, { screen: noScreen }, own)))
  for (const { train, validation, digests, plan } of prepared) {
    expect(train.windows).toEqual(alone.train.windows)
    expect(validation).toEqual(alone.validation)
    expect(digests).toEqual(alone.digests)
    expect(plan).toEqual(alone.plan)
  }
  // Rank 0 sends to rank 1; rank 2 is alone on its host.
  expect(sent[0]).toBeGreaterThan(100_000)
  expect(sent.slice(1)).toEqual([0, 0])
})

test('with engine auto, all ranks use the engine that the first one has measured', async () => {
  const measured = argumentsOf(temporaryFolder(), { engine: 'auto', max_train_samples: 8 })
  const runs = await Promise.all(fakeRanks(2, 2).map((own) => prepareOnRanks(measured, { screen: noScreen }, own)))
  expect(runs[0].args.engine).not.toBe('auto')
  expect(runs[1].args).toEqual(runs[0].args)
  for (const { model } of runs) await model.release()
})

test('with fp16 and no engine, all ranks use the engine that the first one has measured', async () => {
  const { loadModel } = loading
  const engines: unknown[] = []
  const spy = vi.spyOn(loading, 'loadModel').mockImplementation(async (folder, { choice } = {}) => {
    engines.push(choice?.engine)
    const loaded = await loadModel(folder)
    await loaded.model.release()
    const { model } = await loadPretrained(folder, { engine: float16Engine })
    return { ...loaded, model, engineNote: 'measured' }
  })
  const args = argumentsOf(temporaryFolder(), { fp16: true, max_train_samples: 8 })
  const runs = await Promise.all(fakeRanks(2, 2).map((own) => prepareOnRanks(args, { screen: noScreen }, own)))
  spy.mockRestore()
  for (const { model } of runs) await model.release()
  expect(engines).toEqual([null, 'onnxruntime'])
})
