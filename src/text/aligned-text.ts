/** A text after normalization; its UTF-16 unit i comes from `[starts[i], ends[i])` of the text before. */
export interface AlignedText {
  readonly text: string
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
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

  /** The units `[from, to)` of another text as they are. */
  copy({ text, starts, ends }: AlignedText, from: number, to: number): void {
    for (let i = from; i < to; i++) this.push(text[i], starts[i], ends[i])
  }

  finish(): AlignedText {
    return { text: this.text, starts: this.starts, ends: this.ends }
  }
}

/** `[from, to)` of a text, each character coming from itself. */
export function alignedSlice(text: string, from: number, to: number): AlignedText {
  const slice = new AlignedTextBuilder()
  for (let i = from; i < to; ) {
    const character = String.fromCodePoint(text.codePointAt(i)!)
    slice.push(character, i, i + character.length)
    i += character.length
  }
  return slice.finish()
}

/** Each character replaced by what `expand` makes of it: nothing, itself, or several characters. */
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

/** The text that a list of changes makes of another; an inserted character comes from where the one before it does. */
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
