/** A text after normalization; its UTF-16 unit i comes from `[starts[i], ends[i])` of the text before. */
export interface AlignedText {
  readonly text: string
  readonly starts: Int32Array | readonly number[]
  readonly ends: Int32Array | readonly number[]
}

/** A character of a text after a change, as the tokenizers library describes changes. */
export interface ChangedCharacter {
  readonly character: string
  /** 0: replaces the next character; 1: inserted; -n: replaces the next character and the n after it. */
  readonly change: number
}

/** Collects the characters of an aligned text. */
export class AlignedTextBuilder {
  private text = ''
  private readonly starts: number[] = []
  private readonly ends: number[] = []

  push(characters: string, start: number, end: number): void {
    this.text += characters
    for (let unit = 0; unit < characters.length; unit++) {
      this.starts.push(start)
      this.ends.push(end)
    }
  }

  /** Appends the units `[from, to)` of another text unchanged. */
  copy({ text, starts, ends }: AlignedText, from: number, to: number): void {
    for (let i = from; i < to; i++) this.push(text[i], starts[i], ends[i])
  }

  finish(): AlignedText {
    return { text: this.text, starts: this.starts, ends: this.ends }
  }
}

/** Returns `[from, to)` of a text, aligned with itself. */
export function alignedSlice(text: string, from: number, to: number): AlignedText {
  const slice = text.slice(from, to)
  const places = placesUpTo(to + 1)
  if (!SURROGATE_PAIRS.test(slice))
    return { text: slice, starts: places.subarray(from, to), ends: places.subarray(from + 1, to + 1) }
  const starts = places.slice(from, to)
  const ends = places.slice(from + 1, to + 1)
  for (const { index } of slice.matchAll(ALL_SURROGATE_PAIRS)) {
    ends[index]++
    starts[index + 1]--
  }
  return { text: slice, starts, ends }
}

const SURROGATE_PAIRS = /[\ud800-\udbff][\udc00-\udfff]/
const ALL_SURROGATE_PAIRS = new RegExp(SURROGATE_PAIRS, 'g')

/** The numbers from 0, shared by all texts. */
let places = new Int32Array(0)

/** Longer tables are not cached. */
const MAX_KEPT = 1 << 20

function placesUpTo(count: number): Int32Array {
  if (count <= places.length) return places
  const longer = Int32Array.from({ length: Math.max(count, Math.min(2 * count, MAX_KEPT)) }, (_, i) => i)
  if (longer.length <= MAX_KEPT) places = longer
  return longer
}

/** Replaces each character by the result of `expand`: nothing, the character itself, or several characters. */
export function mapCharacters(input: AlignedText, expand: (codePoint: number) => string): AlignedText {
  const output = new AlignedTextBuilder()
  const { text, starts, ends } = input
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!
    const next = i + (codePoint > 0xffff ? 2 : 1)
    output.push(expand(codePoint), starts[i], ends[next - 1])
    i = next
  }
  return output.finish()
}

/** Applies a list of changes to a text. An inserted character has the position of the character before it. */
export function applyChanges(input: AlignedText, changes: Iterable<ChangedCharacter>): AlignedText {
  const output = new AlignedTextBuilder()
  const { text, starts, ends } = input
  let at = 0
  const skip = (): void => {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  }
  for (const { character, change } of changes) {
    const source = change > 0 ? Math.max(0, at - 1) : at
    output.push(character, starts[source], ends[source])
    for (let removed = change; removed <= 0; removed++) skip()
  }
  return output.finish()
}

/** Returns the non-empty part `[from, to)` of a text with a prefix, which has the position of the first character. */
export function prepended({ text, starts, ends }: AlignedText, from: number, to: number, added: string): AlignedText {
  const places = (all: AlignedText['starts']): Int32Array => {
    const longer = new Int32Array(added.length + to - from).fill(all[from], 0, added.length)
    longer.set(all.slice(from, to), added.length)
    return longer
  }
  return { text: added + text.slice(from, to), starts: places(starts), ends: places(ends) }
}
