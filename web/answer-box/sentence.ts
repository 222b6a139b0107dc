/** The rest of the sentence or line that contains `text.slice(start, end)`. */
export function sentenceAround(text: string, start: number, end: number): { before: string; after: string } {
  const before = text
    .slice(0, start)
    .split(/[.!?]\s+|\n/)
    .at(-1)!
  const [after] = /^.*?([.!?](?=\s)|$)/m.exec(text.slice(end))!
  return { before, after }
}
