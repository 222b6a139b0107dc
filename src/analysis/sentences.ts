/** A title, an initial or an abbreviation, whose full stop does not end a sentence: "Dr. ", "J. ", "U.S. ". */
const ABBREVIATION =
  /(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|St|Prof|Gen|Col|Sgt|Rev|vs|No|Jr|Sr|ca|c|approx|(?:\p{L}\.)*\p{L})\.\s*$/u

/** The UTF-16 index of the start of each sentence, in ascending order, by the rules of Unicode (UAX #29). */
export function sentenceStarts(text: string): number[] {
  const starts: number[] = []
  let isOpen = false
  for (const { index, segment } of segmenter.segment(text)) {
    if (!isOpen) starts.push(index)
    isOpen = ABBREVIATION.test(segment)
  }
  return starts
}

/** The index of the sentence that contains the character at `place`. */
export function sentenceAt(starts: readonly number[], place: number): number {
  let sentence = 0
  while (sentence + 1 < starts.length && starts[sentence + 1] <= place) sentence++
  return sentence
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
