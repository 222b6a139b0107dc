/** Matches the end of a sentence in most scripts. In Chinese and Japanese, no space follows it. */
const SENTENCE_END = /[.!?؟۔।]\s+|[。！？]|\n/

/** The rest of the sentence or line that contains `text.slice(start, end)`. */
export function sentenceAround(text: string, start: number, end: number): { before: string; after: string } {
  const before = text.slice(0, start).split(SENTENCE_END).at(-1)!
  const [after] = /^.*?([.!?؟۔।](?=\s)|[。！？]|$)/m.exec(text.slice(end))!
  return { before, after }
}
