import type { Contexts } from './repeats.ts'

/** A training context that also occurs in the validation data, entirely or in part. */
export interface Leak {
  /** Index of the training context. */
  readonly training: number
  /** Index of the validation context. */
  readonly validation: number
  /** The shared words, if the contexts are not identical. */
  readonly run?: string
}

/** Minimum number of shared consecutive words. Shorter runs, such as names and titles, are shared by chance. */
export const RUN_WORDS = 13

/** Finds contexts that are equal when folded or share 13 consecutive words. Reports at most one leak per context. */
export function findLeaks(training: Contexts, validation: Contexts): Leak[] {
  const whole = new Map(validation.texts.map((text, number) => [text, number]))
  const words = new WordNumbers()
  const runs = new Runs()
  for (const [number, text] of validation.texts.entries()) runs.add(words.of(text).numbers, number)
  return training.texts.flatMap((text, number): Leak[] => {
    const same = whole.get(text)
    if (same !== undefined) return [{ training: number, validation: same }]
    const { numbers, words: own } = words.of(text)
    const found = runs.find(numbers)
    if (!found) return []
    const run = own.slice(found.position, found.position + RUN_WORDS).join(' ')
    return [{ training: number, validation: found.context, run }]
  })
}

/** Maps words to numbers. Words are sequences of letters and digits, so punctuation makes no difference. */
class WordNumbers {
  private readonly numbers = new Map<string, number>()

  of(text: string): { words: readonly string[]; numbers: Int32Array } {
    const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
    const numbers = Int32Array.from(words, (word) => {
      const number = this.numbers.get(word) ?? this.numbers.size
      this.numbers.set(word, number)
      return number
    })
    return { words, numbers }
  }
}

interface Run {
  readonly numbers: Int32Array
  readonly position: number
  readonly context: number
}

/** An index of word runs by rolling hash (Karp and Rabin 1987). Matches are verified word by word. */
class Runs {
  private readonly byHash = new Map<number, Run[]>()

  add(numbers: Int32Array, context: number): void {
    eachRun(numbers, (hash, position) => {
      const runs = this.byHash.get(hash)
      if (!runs) this.byHash.set(hash, [{ numbers, position, context }])
      else if (!runs.some((run) => isSameRun(run, numbers, position))) runs.push({ numbers, position, context })
    })
  }

  /** Finds the first run of a text that is in the index: its position in the text, and the context that has it. */
  find(numbers: Int32Array): { position: number; context: number } | undefined {
    let found: { position: number; context: number } | undefined
    eachRun(numbers, (hash, position) => {
      if (found) return
      const run = this.byHash.get(hash)?.find((run) => isSameRun(run, numbers, position))
      if (run) found = { position, context: run.context }
    })
    return found
  }
}

const BASE = 0x01000193
const OLDEST = Array.from({ length: RUN_WORDS - 1 }).reduce<number>((power) => Math.imul(power, BASE), 1)

function eachRun(numbers: Int32Array, visit: (hash: number, position: number) => void): void {
  let hash = 0
  for (let i = 0; i < numbers.length; i++) {
    if (i >= RUN_WORDS) hash = (hash - Math.imul(numbers[i - RUN_WORDS] + 1, OLDEST)) | 0
    hash = (Math.imul(hash, BASE) + numbers[i] + 1) | 0
    if (i >= RUN_WORDS - 1) visit(hash, i - RUN_WORDS + 1)
  }
}

function isSameRun(run: Run, numbers: Int32Array, position: number): boolean {
  for (let i = 0; i < RUN_WORDS; i++) if (run.numbers[run.position + i] !== numbers[position + i]) return false
  return true
}
