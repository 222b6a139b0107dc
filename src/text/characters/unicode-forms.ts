import type { ChangedCharacter } from './aligned-text.ts'
import { decompose, isOrderedMark, isUnknown } from './unicode.ts'

/**
 * Unicode normal forms with the original position of each character, as the Rust library
 * `unicode-normalization-alignments` computes them for the tokenizers library.
 */
export function decomposed(text: string, form: 'NFD' | 'NFKD'): ChangedCharacter[] {
  const characters: ChangedCharacter[] = []
  let marks: ChangedCharacter[] = []
  const endRun = (): void => {
    for (const mark of marks.sort((a, b) => compareClasses(a.character, b.character))) characters.push(mark)
    marks = []
  }
  for (const source of text)
    for (const [i, character] of Array.from(decompose(source.codePointAt(0)!, form)).entries()) {
      const changed = { character, change: i > 0 ? 1 : 0 }
      if (isReordered(character)) marks.push(changed)
      else {
        endRun()
        characters.push(changed)
      }
    }
  endRun()
  return characters
}

/** Canonical composition of a decomposed text. */
export function composed(characters: readonly ChangedCharacter[]): ChangedCharacter[] {
  const result: ChangedCharacter[] = []
  let base = -1
  let last: string | undefined
  for (const { character, change } of characters) {
    const isCombining = isReordered(character)
    const isBlocked = last !== undefined && (!isCombining || compareClasses(last, character) === 0)
    const whole = base < 0 || isBlocked ? undefined : compose(result[base].character, character)
    if (whole !== undefined) {
      result[base] = { character: whole, change: result[base].change + change - 1 }
      continue
    }
    if (!isCombining) base = result.length
    last = isCombining && base >= 0 ? character : undefined
    result.push({ character, change })
  }
  return result
}

function compose(first: string, second: string): string | undefined {
  const both = (first + second).normalize('NFC')
  const whole = both.codePointAt(0)!
  return both.length === String.fromCodePoint(whole).length && !isUnknown(whole) ? both : undefined
}

/** U+0345 has the highest combining class, so any other mark moves before it. */
const HIGHEST = '\u0345'

const marks = new Map<string, boolean>()

/** Whether a character has a combining class other than 0, so that normal forms reorder it. */
export function isReordered(character: string): boolean {
  if (character < '\u0300') return false
  let known = marks.get(character)
  if (known === undefined) {
    known = character === HIGHEST || (isOrderedMark(character.codePointAt(0)!) && isOutOfOrder(HIGHEST, character))
    marks.set(character, known)
  }
  return known
}

/** Compares the combining classes of two marks. */
const compareClasses = (a: string, b: string): number => (isOutOfOrder(a, b) ? 1 : isOutOfOrder(b, a) ? -1 : 0)

const isOutOfOrder = (first: string, second: string): boolean => (first + second).normalize('NFD') !== first + second
