import { runQaLayout } from '../src/data/formats/rows.ts'
import { toParquet } from '../src/data/formats/to-parquet.ts'
import type { Example } from '../src/squad/types.ts'

/** A Parquet file with the columns of Hugging Face's squad. */
export function squadParquet(examples: readonly Example[], rowGroupSize = 100): Buffer {
  const { names, rowOf } = runQaLayout()
  return Buffer.from(toParquet(names, examples.map(rowOf), rowGroupSize))
}

/** Invented examples. Some contain characters outside the Basic Multilingual Plane, and every tenth has no answer. */
export const madeUpExamples = (count: number, seed = 'a'): Example[] =>
  Array.from({ length: count }, (_, index) => {
    const context = `😀 The number of ${seed} is ${index}, they say in 𝔘lm.`
    const text = String(index)
    const answers = index % 10 === 9 ? [] : [{ text, answer_start: context.indexOf(`is ${text}`) + 3 }]
    return { id: `${seed}${index}`, title: seed, question: `What is number ${index}?`, context, answers }
  })
