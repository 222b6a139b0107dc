import { expect, test } from 'vitest'
import { tinyExamples, tinyFolder } from '../../../tests/tiny-squad.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { noScreen } from '../screen/screen.ts'
import { cutWindows } from './cut-windows.ts'

const cutting = { label: 'Tokenizing', screen: noScreen, max_seq_length: 20, doc_stride: 4 }

test('worker threads cut the same windows in the same order as one thread', async () => {
  const tokenizer = await loadTokenizer(tinyFolder)
  // More tasks than two workers receive at first; the last task is smaller.
  const examples = tinyExamples(1300)
  const here = await cutWindows(tokenizer, examples, cutting)
  const counted: number[] = []
  const screen = {
    ...noScreen,
    counting: () => ({ ...noScreen.counting('', '', 0), update: (n: number) => counted.push(n) }),
  }
  const there = await cutWindows(tokenizer, examples, { ...cutting, screen, workers: 2 })
  expect(there.windows).toEqual(here.windows)
  expect(there.windows.length).toBeGreaterThan(1300)
  expect(counted).toEqual([256, 512, 768, 1024, 1280, 1300])
})

test('worker threads report the first question that is too long for its window, with the same error', async () => {
  const tokenizer = await loadTokenizer(tinyFolder)
  const long = (id: string) => ({
    id,
    question: 'who is in '.repeat(9),
    context: 'bo is in ro. '.repeat(9),
    answers: [],
  })
  const examples = [...tinyExamples(300), long('first'), ...tinyExamples(300), long('second')]
  const error = await cutWindows(tokenizer, examples, cutting).catch((error: Error) => error)
  expect(error).toMatchObject({ message: expect.stringContaining('question first:') })
  const other = await cutWindows(tokenizer, examples, { ...cutting, workers: 2 }).catch((error: Error) => error)
  expect(other).toMatchObject({ name: 'SpanforgeError', message: (error as Error).message })
})
