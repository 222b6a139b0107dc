import { expect, test } from 'vitest'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { changedDigests, type RunDigests } from './run-digests.ts'

const argsWith = (more: TrainingArgumentsInput) =>
  parseArguments({ model: 'm', train_file: 'train.json', validation_file: 'dev.json', ...more }, 'test')

const digests: RunDigests = {
  ...{ train_questions: 'a', validation_questions: 'b', train_windows: 'c', validation_windows: 'd' },
  ...{ tokenizer: 'e', config: 'f', weights: 'g', teacher: 'h' },
}

const changes = (now: RunDigests, more: TrainingArgumentsInput = {}) =>
  changedDigests({ digests, args: { ...argsWith({}) } }, { digests: now, args: argsWith(more) }).map(({ text }) => text)

test.each<[string, RunDigests, TrainingArgumentsInput, string[]]>([
  ['nothing', {}, {}, []],
  ['the training data', { train_questions: '-', train_windows: '-' }, {}, ['the training questions (train.json)']],
  ['the file for training', { train_questions: '-', train_windows: '-' }, { train_file: 'other.json' }, []],
  ['the tokens alone', { train_windows: '-' }, {}, ['the tokens of the training questions (m)']],
  ['the length of windows', { train_windows: '-', validation_windows: '-' }, { max_seq_length: 128 }, []],
  ['the overlap of windows', { train_windows: '-', validation_windows: '-' }, { doc_stride: 16 }, []],
  ['the tokenizer', { tokenizer: '-', train_windows: '-' }, {}, ['the tokenizer (m)']],
  ['the base model', { tokenizer: '-', config: '-', weights: '-', train_windows: '-' }, { model: 'other' }, []],
  ['the teacher', { teacher: '-' }, {}, ['the teacher']],
  ['another teacher', { teacher: '-' }, { teacher: 'other' }, []],
  ['the validation data', { validation_questions: '-' }, {}, ['the validation questions (dev.json)']],
  ['what is unknown now', { tokenizer: undefined, weights: undefined }, {}, []],
])('%s: reports what has changed although the arguments have not', (_, now, args, expected) => {
  expect(changes({ ...digests, ...now }, args)).toEqual(expected)
})
