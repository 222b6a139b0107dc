/**
 * Questions made from the passages of a document, after the recurring spans of Ram et al. (2021, Splinter) and the cloze
 * questions of Dhingra et al. (2018) and Glass et al. (2020): a span that occurs in two sentences is the answer, one
 * sentence without it is the question, and the passage of the other sentence is the context.
 */

import { hashOfTexts } from './hash.ts'
import {
  type Occurrence,
  type ReadPassages,
  type ReadSentence,
  readPassages,
  recurringSpans,
  weightOfStems,
  withoutNumbers,
} from './passage-words.ts'
import { clozeQuestion, whQuestion } from './question.ts'
import { isEnglish } from './sentences.ts'
import { stemOf } from './words.ts'

/** Styles of questions: with a mask in place of the answer, with a question word, or half of them in each style. */
export const QUESTION_STYLES = ['mixed', 'cloze', 'wh'] as const
export type QuestionStyle = (typeof QUESTION_STYLES)[number]

export interface ClozeOptions {
  readonly seed: number
  readonly style: QuestionStyle
  /** Replaces the answer in a cloze question: the mask token of the model. */
  readonly mask: string
  /** Whether a question leaves enough room for its context in a window of the model (default: every question). */
  readonly fits?: (question: string) => boolean
}

export interface ClozeExample {
  readonly question: string
  readonly context: string
  readonly answer: string
  readonly answer_start: number
  /** The sentence that became the question, without numbers, to recognize repetitions. */
  readonly sentence: string
  /** Hashes of the passage that contains the sentence, and of the one that became the context. */
  readonly source: number
  readonly passage: number
}

export interface ClozeCounts {
  readonly sentences: number
  /** Number of sentences of prose that occur only once in their part of the document. */
  readonly usable: number
  /** Number of different spans that occur in at least two of them. */
  readonly spans: number
  /** Number of questions that leave no room for a context. */
  readonly too_long: number
}

/** Characters of a document whose sentences are compared with each other, which limits memory and time. */
const PART = 300_000
/** Limits on the questions from one sentence, about one passage, and with one answer, in a part of a document. */
const MAX_PER_SENTENCE = 2
const MAX_PER_PASSAGE = 8
const MAX_PER_ANSWER = 4
/**
 * Maximum number of other occurrences of a span that are compared with a question: the nearest ones, which are about
 * the same subject.
 */
const MAX_COMPARED = 40

/** Yields the examples of a document with the counts of each of its parts. */
export function* clozeExamples(
  passages: readonly string[],
  options: ClozeOptions,
): Generator<{ readonly counts: ClozeCounts; readonly examples: readonly ClozeExample[] }> {
  for (const part of partsOf(passages)) yield examplesOfPart(part, options)
}

function* partsOf(passages: readonly string[]): Generator<readonly string[]> {
  let part: string[] = []
  let length = 0
  for (const passage of new Set(passages)) {
    if (length + passage.length > PART && part.length > 0) {
      yield part
      part = []
      length = 0
    }
    part.push(passage)
    length += passage.length
  }
  if (part.length > 0) yield part
}

interface Pair {
  readonly question: Occurrence
  readonly found: Occurrence
  readonly context: string
  /** Offset of the answer in the context. */
  readonly answer_start: number
  readonly key: string
  readonly score: number
}

function examplesOfPart(passages: readonly string[], options: ClozeOptions) {
  const read = readPassages(passages)
  const { sentences } = read
  const spans = recurringSpans(sentences)
  const scoreOf = scorer(read)
  const pairs: Pair[] = []
  for (const [key, occurrences] of spans)
    for (const question of occurrences) {
      const pair = bestContext(key, question, occurrences, { passages, read, scoreOf })
      if (pair) pairs.push(pair)
    }
  const isInEnglish = isEnglish(passages.slice(0, 20).join('\n'))
  const { fits = () => true } = options
  const all = limited(pairs).map((pair) => exampleOf(pair, passages, isInEnglish, options))
  const examples = all.filter(({ question }) => fits(question))
  const usable = sentences.filter(({ isUsed }) => isUsed).length
  const too_long = all.length - examples.length
  return { counts: { sentences: sentences.length, usable, spans: spans.size, too_long }, examples }
}

interface Comparison {
  readonly passages: readonly string[]
  readonly read: ReadPassages
  readonly scoreOf: (question: Occurrence, found: Occurrence) => number
}

/**
 * Finds the passage that fits a question best, among those that contain the span exactly once. With one occurrence there
 * is one right label, so that training never punishes another right answer.
 */
function bestContext(
  key: string,
  question: Occurrence,
  occurrences: readonly Occurrence[],
  { passages, read, scoreOf }: Comparison,
): Pair | undefined {
  // Otherwise, the question would contain its answer.
  if (occurrencesIn(question.sentence, question) !== 1) return undefined
  const place = occurrences.indexOf(question)
  const compared = occurrences
    .slice(Math.max(0, place - MAX_COMPARED / 2), place + MAX_COMPARED / 2)
    .filter(({ sentence }) => sentence !== question.sentence)
  const scored = compared
    .map((found) => ({ found, score: scoreOf(question, found) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.found.sentence.index - b.found.sentence.index)
  for (const { found, score } of scored) {
    const placed = contextOf(question, found, passages, read)
    if (placed) return { question, found, ...placed, key, score }
  }
  return undefined
}

/** Minimum number of sentences in a context. */
const MIN_SENTENCES = 2

/**
 * Returns the passage of an occurrence, without the sentence of the question. If the answer occurs in other sentences
 * of the passage too, returns only the sentences around the occurrence up to those.
 */
function contextOf(
  question: Occurrence,
  found: Occurrence,
  passages: readonly string[],
  { sentences, starts }: ReadPassages,
) {
  const { passage } = found.sentence
  const text = passages[passage]
  const own = sentences.slice(starts[passage], starts[passage + 1])
  const isOther = (sentence: ReadSentence) =>
    sentence !== question.sentence && sentence !== found.sentence && occurrencesIn(sentence, found) > 0
  if (occurrencesIn(found.sentence, found) !== 1) return undefined
  const place = own.indexOf(found.sentence)
  const before = own.slice(0, place).findLastIndex(isOther)
  const after = own.findIndex((sentence, i) => i > place && isOther(sentence))
  const kept = own.slice(before + 1, after < 0 ? undefined : after)
  if (kept.filter((sentence) => sentence !== question.sentence).length < MIN_SENTENCES) return undefined
  const from = before < 0 ? 0 : kept[0].start
  const to = after < 0 ? text.length : endOfSentence(kept.at(-1)!)
  const start = found.sentence.start + found.sentence.words[found.first].start
  if (!kept.includes(question.sentence)) return { context: text.slice(from, to), answer_start: start - from }
  const left = text.slice(from, question.sentence.start)
  const right = text.slice(endOfSentence(question.sentence), to)
  const context = `${left}${right.trimStart()}`.trimEnd()
  const removed = to - from - left.length - right.trimStart().length
  return { context, answer_start: start - from - (start < question.sentence.start ? 0 : removed) }
}

const endOfSentence = ({ start, text }: ReadSentence): number => start + text.length

function occurrencesIn({ words }: ReadSentence, { sentence, first, last }: Occurrence): number {
  const keys = sentence.words.slice(first, last + 1).map(({ key }) => stemOf(key))
  let count = 0
  for (let i = 0; i + keys.length <= words.length; i++)
    if (keys.every((key, n) => stemOf(words[i + n].key) === key)) count++
  return count
}

/** Minimum share of the words of a question, by weight, that its context must contain. */
const MIN_SHARED = 0.2
/** The same for answers that are one common word: these fit many sentences by chance, so their score is lower too. */
const MIN_SHARED_BY_WORD = 0.3
const SCORE_OF_WORD = 0.6
/** Maximum similarity of the two sentences. Above it, the question is almost a copy of the context. */
const MAX_SIMILAR = 0.6

/**
 * Scores how well a passage fits a question by the words that they share besides the answer: those near the answer
 * count fully, others in part. Returns 0 if the passage does not help to answer the question, or if the two sentences
 * are almost the same.
 */
function scorer({ sentences, starts }: ReadPassages): Comparison['scoreOf'] {
  const weight = weightOfStems(sentences)
  const stemsOfPassage = starts.slice(0, -1).map((start, passage) => {
    const stems = new Set<string>()
    for (const sentence of sentences.slice(start, starts[passage + 1]))
      for (const stem of sentence.stems) stems.add(stem)
    return stems
  })
  return (question, found) => {
    const { sentence, first, last } = question
    const answer = new Set(sentence.words.slice(first, last + 1).map(({ key }) => stemOf(key)))
    const asked = [...sentence.stems].filter((stem) => !answer.has(stem))
    const near = found.sentence.stems
    const shared = asked.filter((stem) => near.has(stem))
    const total = asked.reduce((sum, stem) => sum + weight(stem), 0)
    const isRepeated = shared.length > MAX_SIMILAR * Math.min(asked.length, near.size - answer.size)
    if (shared.length === 0 || isRepeated || total === 0) return 0
    const far = asked.filter((stem) => !near.has(stem) && stemsOfPassage[found.sentence.passage].has(stem))
    const sum = (stems: readonly string[]) => stems.reduce((total, stem) => total + weight(stem), 0)
    const coverage = (sum(shared) + sum(far) / 2) / total
    const isWord = first === last && sentence.words[first].kind === 'common'
    if (shared.length + far.length < 2 || coverage < (isWord ? MIN_SHARED_BY_WORD : MIN_SHARED)) return 0
    return isWord ? SCORE_OF_WORD * coverage : coverage
  }
}

/** Limits how many questions share a sentence, a context or an answer, keeping those that fit best. */
function limited(pairs: readonly Pair[]): Pair[] {
  const counts = new Map<string, number>()
  const sorted = pairs.toSorted((a, b) => b.score - a.score || a.question.sentence.index - b.question.sentence.index)
  return sorted.filter(({ key, question, found }) => {
    const limits = [
      [`sentence ${question.sentence.index}`, MAX_PER_SENTENCE],
      [`passage ${found.sentence.passage}`, MAX_PER_PASSAGE],
      [`answer ${key}`, MAX_PER_ANSWER],
    ] as const
    if (limits.some(([name, max]) => (counts.get(name) ?? 0) >= max)) return false
    for (const [name] of limits) counts.set(name, (counts.get(name) ?? 0) + 1)
    return true
  })
}

function exampleOf(
  { question, found, context, answer_start }: Pair,
  passages: readonly string[],
  isInEnglish: boolean,
  { seed, style, mask }: ClozeOptions,
): ClozeExample {
  const { text, words } = question.sentence
  const masked = { text, words, first: question.first, last: question.last }
  const isWh = isInEnglish && style !== 'cloze' && (style === 'wh' || hashOfTexts(seed, 'style', text) % 2 === 0)
  const { words: near } = found.sentence
  const length = near[found.last].end - near[found.first].start
  return {
    question: isWh ? whQuestion(masked) : clozeQuestion(masked, mask),
    context,
    answer: context.slice(answer_start, answer_start + length),
    answer_start,
    sentence: withoutNumbers(text),
    source: hashOfTexts(passages[question.sentence.passage]),
    passage: hashOfTexts(passages[found.sentence.passage]),
  }
}
