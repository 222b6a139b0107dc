import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { pipeline } from './pipeline.ts'
import { AutoTokenizer } from './tokenizer.ts'
import { Trainer } from './trainer.ts'

const folder = fixture('tiny/b1/safetensors')
const [question, context] = ['Who wrote it?', 'Ada wrote it.']

/** As from JavaScript, where no types tell. */
type Untyped = (...args: unknown[]) => Promise<unknown>

test('a pipeline refuses options that there are not, and says which was meant', async () => {
  const asked = await pipeline('question-answering', folder)
  const ask = asked as unknown as Untyped
  await expect(ask(question, context, { topK: 2 })).rejects.toThrow(
    'pipeline: there is no option topK; did you mean top_k?',
  )
  await expect(ask({ question, context }, { max_answer_length: 9 })).rejects.toThrow('did you mean max_answer_len?')
  await expect(ask({ question, context }, 3)).rejects.toThrow('found 3, expected an object of options')
  const search = asked.search as unknown as Untyped
  await expect(search(question, [context], { max_answer_len: 9 })).rejects.toThrow('did you mean max_answer_length?')
  await asked.dispose()
})

test('so do loading and the Trainer, which list what there is', async () => {
  const make = pipeline as unknown as Untyped
  await expect(make('question-answering', folder, { dtype: 'q8' })).rejects.toThrow(
    /no option dtype\n.* are tokenizer, engine,/,
  )
  const load = AutoTokenizer.from_pretrained as unknown as Untyped
  await expect(load(folder, { revison: 'v2' })).rejects.toThrow(
    'from_pretrained: there is no option revison; did you mean revision?',
  )
  const options = { tokenizer: 'of older versions' } as unknown as ConstructorParameters<typeof Trainer>[0]
  expect(() => new Trainer(options)).toThrow(/Trainer: there is no option tokenizer\n.* processing_class,/)
})
