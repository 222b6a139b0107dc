import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { fixture } from './fixture.ts'

/** A small random model with its tokenizer. It knows single letters, so every word has tokens. */
export const tinyFolder = fixture('tiny/b1/safetensors')

const NAMES = ['bo', 'li', 'max', 'una', 'eve', 'ida']
const PLACES = ['ro', 'ka', 'sea', 'pit', 'den', 'oz']

/** "Who is in ro?" with short contexts of about 30 tokens. */
export function tinyExamples(count: number, first = 0): Example[] {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i
    const [name, other] = [NAMES[n % 6], NAMES[(n + 1 + (n % 5)) % 6]]
    const [place, elsewhere] = [PLACES[(n * 5 + 1) % 6], PLACES[(n * 5 + 2) % 6]]
    const context =
      n % 2 ? `${name} is in ${place}. ${other} was ${elsewhere}.` : `in ${elsewhere} ${other}, ${name} is in ${place}.`
    const answer_start = context.indexOf(name)
    return { id: `q${n}`, question: `who is in ${place}?`, context, answers: [{ text: name, answer_start }] }
  })
}

/** Like tinyExamples, which repeats after 30, but with different contexts. */
export const differentExamples = (count: number, first = 0): Example[] =>
  tinyExamples(count, first).map((example, i) => ({ ...example, context: `${example.context} ${first + i}.` }))

/** Writes such a file and returns its path. */
export function writeTinySquad(folder: string, name: string, count: number, first = 0): string {
  const path = join(folder, name)
  writeFileSync(path, toSquadJson(tinyExamples(count, first)))
  return path
}
