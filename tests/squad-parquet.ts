import { parquetWriteBuffer } from 'hyparquet-writer'
import { CodePoints } from '../src/squad/code-points.ts'
import type { Example } from '../src/squad/types.ts'

/** A Parquet file with the columns of Hugging Face's squad. */
export function squadParquet(examples: readonly Example[], rowGroupSize = 100): Buffer {
  const text = (name: 'id' | 'title' | 'question' | 'context') => ({
    name,
    data: examples.map((example) => example[name] ?? ''),
  })
  const answers = examples.map(({ context, answers }) => ({
    text: answers.map((answer) => answer.text),
    answer_start: answers.map((answer) => new CodePoints(context).fromUtf16(answer.answer_start)),
  }))
  const list = (name: string, type: object) => [
    { name, repetition_type: 'OPTIONAL' as const, num_children: 1, converted_type: 'LIST' as const },
    { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL' as const, ...type },
  ]
  const string = { type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const }
  const columns = ['id', 'title', 'context', 'question'] as const
  return Buffer.from(
    parquetWriteBuffer({
      rowGroupSize,
      columnData: [...columns.map(text), { name: 'answers', data: answers }],
      schema: [
        { name: 'root', num_children: 5 },
        ...columns.map((name) => ({ name, repetition_type: 'OPTIONAL' as const, ...string })),
        { name: 'answers', repetition_type: 'OPTIONAL' as const, num_children: 2 },
        ...list('text', string),
        ...list('answer_start', { type: 'INT32' as const }),
      ],
    }),
  )
}

/** Made-up examples, some of them beyond the basic plane, every tenth without an answer. */
export const madeUpExamples = (count: number, seed = 'a'): Example[] =>
  Array.from({ length: count }, (_, index) => {
    const context = `😀 The number of ${seed} is ${index}, they say in 𝔘lm.`
    const text = String(index)
    const answers = index % 10 === 9 ? [] : [{ text, answer_start: context.indexOf(`is ${text}`) + 3 }]
    return { id: `${seed}${index}`, title: seed, question: `What is number ${index}?`, context, answers }
  })
