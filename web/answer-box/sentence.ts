/** Full stops of most scripts; those of Chinese and Japanese have no space behind them. */
const SENTENCE_END = /[.!?؟۔।]\s+|[。！？]|\n/

/** The rest of the sentence or line that contains `text.slice(start, end)`. */
export function sentenceAround(text: string, start: number, end: number): { before: string; after: string } {
  const before = text.slice(0, start).split(SENTENCE_END).at(-1)!
  const [after] = /^.*?([.!?؟۔।](?=\s)|[。！？]|$)/m.exec(text.slice(end))!
  return { before, after }
}
