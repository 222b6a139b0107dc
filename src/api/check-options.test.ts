import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { pipeline } from './pipeline.ts'
import { AutoTokenizer } from './tokenizer.ts'
import { Trainer } from './trainer.ts'

const folder = fixture('tiny/b1/safetensors')
const [question, context] = ['Who wrote it?', 'Ada wrote it.']

/** For calls without types, as in JavaScript. */
type Untyped = (...args: unknown[]) => Promise<unknown>

test('a pipeline rejects unknown options and suggests the right one', async () => {
  const asked = await pipeline('question-answering', folder)
  const ask = asked as unknown as Untyped
  await expect(ask(question, context, { topK: 2 })).rejects.toThrow(
    'pipeline: unknown option topK; did you mean top_k?',
  )
  await expect(ask({ question, context }, { max_answer_length: 9 })).rejects.toThrow('did you mean max_answer_len?')
  await expect(ask({ question, context }, 3)).rejects.toThrow('found 3, expected an object of options')
  const search = asked.search as unknown as Untyped
  await expect(search(question, [context], { max_answer_len: 9 })).rejects.toThrow('did you mean max_answer_length?')
  await asked.dispose()
})

test('loading functions and the Trainer reject unknown options and list the valid ones', async () => {
  const make = pipeline as unknown as Untyped
  await expect(make('question-answering', folder, { quantized: true })).rejects.toThrow(
    /unknown option quantized\n.*: tokenizer, dtype, engine,/,
  )
  const load = AutoTokenizer.from_pretrained as unknown as Untyped
  await expect(load(folder, { revison: 'v2' })).rejects.toThrow(
    'from_pretrained: unknown option revison; did you mean revision?',
  )
  const options = { tokenizer: 'of older versions' } as unknown as ConstructorParameters<typeof Trainer>[0]
  expect(() => new Trainer(options)).toThrow(/Trainer: unknown option tokenizer\n.* processing_class,/)
})

test.each([
  ['handle_impossible_answer', 'no', '"no", expected true or false'],
  ['top_k', 1.5, '1.5, expected an integer'],
  ['top_k', '3', '"3", expected a number'],
  ['null_score_diff_threshold', Number.NaN, 'NaN, expected a number'],
  ['padding', 'none', '"none", expected one of do_not_pad, longest, max_length'],
  ['onProgress', true, 'true, expected a function'],
])('a pipeline rejects %s with an invalid value: %j', async (name, value, message) => {
  const asked = await pipeline('question-answering', folder)
  const ask = asked as unknown as Untyped
  await expect(ask(question, context, { [name]: value })).rejects.toThrow(`pipeline: ${name} is ${message}`)
  const search = asked.search as unknown as Untyped
  await expect(search(question, [context], { [name]: value })).rejects.toThrow(`search: ${name} is ${message}`)
  await expect(ask(question, context, { [name]: undefined })).resolves.toHaveProperty('answer')
  await asked.dispose()
})

test('loading functions and the Trainer reject invalid values', async () => {
  const make = pipeline as unknown as Untyped
  const load = AutoTokenizer.from_pretrained as unknown as Untyped
  await expect(make('question-answering', folder, { tokenizer: 3 })).rejects.toThrow(
    'pipeline: tokenizer is 3, expected a tokenizer or its name',
  )
  await expect(load(folder, { offline: 'yes' })).rejects.toThrow('offline is "yes", expected true or false')
  await expect(load(folder, { signal: {} })).rejects.toThrow('expected an AbortSignal')
  const train = (options: object) => () => new Trainer(options as ConstructorParameters<typeof Trainer>[0])
  expect(train({ model: 'bert-base-uncased' })).toThrow('Trainer: model is "bert-base-uncased", expected a model')
  expect(train({})).toThrow('Trainer: model is undefined, expected a model')
})
