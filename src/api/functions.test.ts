import { expect, test } from 'vitest'
import * as library from '../index.ts'

/** Calls a function of the library without types, as in JavaScript. Runs a generator up to its first event. */
async function call(name: string, ...args: readonly unknown[]): Promise<unknown> {
  const called = (library as unknown as Record<string, (...args: readonly unknown[]) => object>)[name](...args)
  return Symbol.asyncIterator in called ? (called as AsyncGenerator).next() : called
}

// None of these files, models and documents exist: options are checked before anything is read.
const calls: [name: string, first: unknown[], options: object, misspelled: string, meant: string][] = [
  ['loadSquad', ['none.json'], {}, 'max_sample', 'max_samples'],
  ['loadDataset', ['ann/none'], { split: 'train' }, 'revison', 'revision'],
  ['resolveModel', ['ann/none'], {}, 'of_fline', 'offline'],
  ['evaluate', [undefined, undefined], {}, 'version_2_with_negatives', 'version_2_with_negative'],
  ['train', [], {}, 'validaton', 'validation'],
  ['exportModel', ['ann/none'], { output_dir: 'none' }, 'dtype', 'dtypes'],
  ['buildIndex', [[]], { output_dir: 'none' }, 'steming', 'stemming'],
]

test.each(calls)(
  '%s rejects a misspelled option and suggests the right one',
  async (name, first, options, wrong, meant) => {
    await expect(call(name, ...first, { ...options, [wrong]: 1 })).rejects.toThrow(
      new RegExp(`^${name}: unknown option ${wrong}; did you mean ${meant}\\?`),
    )
  },
)

test.each([
  ['loadSquad', ['none.json', { max_samples: '2' }], 'loadSquad: max_samples is "2", expected a number'],
  ['loadDataset', ['ann/none', {}], 'loadDataset: split is undefined, expected a value'],
  [
    'exportModel',
    ['ann/none', { output_dir: 'none', force: 'no' }],
    'exportModel: force is "no", expected true or false',
  ],
  ['buildIndex', [[], { output_dir: 'none', stemming: 'german' }], 'buildIndex: stemming is "german", expected one of'],
  ['evaluate', [undefined, undefined, null], 'evaluate: found null, expected an object of options'],
  ['train', [{ model: {}, args: {} }], 'train: train is undefined, expected a value'],
  ['train', [{ model: {}, args: {}, train: 'train.json' }], 'train: train is "train.json", expected a dataset'],
])('%s rejects an invalid value', async (name, args, message) => {
  await expect(call(name, ...args)).rejects.toThrow(message)
})
