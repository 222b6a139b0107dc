/** Selects the examples to train on and those to evaluate on from the examples of all documents. */

import type { Example } from '../squad/types.ts'
import type { ClozeExample } from './cloze-examples.ts'
import { hashOfTexts } from './hash.ts'
import { Repetitions } from './repetitions.ts'

export interface ClozeSampleOptions {
  readonly seed: number
  /** Maximum number of examples. */
  readonly max_examples: number
  /** Share of the examples to evaluate on; 0 for none. */
  readonly held_out: number
}

export interface ChosenExamples {
  readonly train: readonly Example[]
  readonly held_out: readonly Example[]
  /** Whether whole documents are held out, or passages because there are too few documents. */
  readonly held_out_by: 'document' | 'passage'
  /** Examples that were not used, because their sentences or answers occur too often. */
  readonly repeated: number
}

interface Candidate {
  readonly example: ClozeExample
  readonly title: string
  readonly document: number
  /** Examples with the lowest numbers are chosen. */
  readonly priority: number
}

/** A sentence that occurs more often is boilerplate. Two occurrences may be versions of the same document. */
const MAX_OCCURRENCES = 3
/** The largest share of the examples that may have the same answer. */
const MAX_WITH_ANSWER = 0.01
const MAX_HELD_OUT = 1000

/**
 * Collects the examples of documents in any order. Keeps at most twice `max_examples` at a time. A question that is made
 * from several documents is used once.
 */
export class ClozeSample {
  private readonly candidates = new Map<string, Candidate>()
  private readonly repetitions = new Repetitions()

  constructor(private readonly options: ClozeSampleOptions) {}

  add(title: string, document: string, examples: readonly ClozeExample[]): void {
    const { seed, max_examples } = this.options
    for (const sentence of new Set(examples.map((example) => example.sentence))) this.repetitions.add(sentence)
    for (const example of examples) {
      const candidate = {
        example: copied(example),
        title,
        document: hashOfTexts(document),
        priority: hashOfTexts(seed, 'priority', example.question),
      }
      const other = this.candidates.get(example.question)
      if (!other || isBefore(candidate, other)) this.candidates.set(candidate.example.question, candidate)
    }
    if (this.candidates.size < 2 * max_examples) return
    for (const { example } of this.inOrder().slice(max_examples)) this.candidates.delete(example.question)
  }

  choose(): ChosenExamples {
    const { max_examples } = this.options
    const ordered = this.inOrder().slice(0, max_examples)
    const max = Math.max(5, Math.ceil(MAX_WITH_ANSWER * ordered.length))
    const answers = new Map<string, number>()
    const chosen = ordered.filter(({ example }) => {
      if (this.repetitions.count(example.sentence) > MAX_OCCURRENCES) return false
      const key = example.answer.toLowerCase()
      answers.set(key, (answers.get(key) ?? 0) + 1)
      return answers.get(key)! <= max
    })
    return { ...this.split(chosen), repeated: ordered.length - chosen.length }
  }

  private inOrder(): Candidate[] {
    const text = ({ example }: Candidate) => example.question
    return [...this.candidates.values()].sort((a, b) => a.priority - b.priority || (text(a) < text(b) ? -1 : 1))
  }

  private split(chosen: readonly Candidate[]): Omit<ChosenExamples, 'repeated'> {
    const byDocument = this.heldOutUnits(chosen, ({ document }) => document)
    const held_out_by = byDocument.size > 0 ? 'document' : 'passage'
    const units = byDocument.size > 0 ? byDocument : this.heldOutUnits(chosen, ({ example }) => example.passage)
    const isHeldOut = ({ document, example }: Candidate) =>
      units.has(held_out_by === 'document' ? document : example.passage)
    // A question about another passage may be made from a sentence of one that is held out.
    const isSource = ({ example }: Candidate) => held_out_by === 'passage' && units.has(example.source)
    return {
      train: chosen.filter((one) => !isHeldOut(one) && !isSource(one)).map(asExample),
      held_out: chosen.filter(isHeldOut).slice(0, MAX_HELD_OUT).map(asExample),
      held_out_by,
    }
  }

  /**
   * Draws units until they contain about the share of examples to hold out. Returns none if every unit is too large.
   */
  private heldOutUnits(chosen: readonly Candidate[], unitOf: (candidate: Candidate) => number): Set<number> {
    const { seed, held_out } = this.options
    const sizes = new Map<number, number>()
    for (const candidate of chosen) sizes.set(unitOf(candidate), (sizes.get(unitOf(candidate)) ?? 0) + 1)
    const wanted = Math.min(held_out * chosen.length, MAX_HELD_OUT)
    const drawn = [...sizes].map(([unit, size]) => ({ unit, size, order: hashOfTexts(seed, 'held out', unit) }))
    const units = new Set<number>()
    let count = 0
    for (const { unit, size } of drawn.sort((a, b) => a.order - b.order || a.unit - b.unit)) {
      if (Math.abs(count + size - wanted) >= Math.abs(count - wanted)) continue
      units.add(unit)
      count += size
    }
    return units
  }
}

/** Copies the texts of an example, which would otherwise keep their whole document in memory. */
const copied = (example: ClozeExample): ClozeExample => JSON.parse(JSON.stringify(example))

const isBefore = (a: Candidate, b: Candidate): boolean =>
  a.example.passage < b.example.passage || (a.example.passage === b.example.passage && a.document < b.document)

function asExample({ example: { question, context, answer, answer_start }, title }: Candidate): Example {
  const id = hashOfTexts(question, context, answer_start).toString(16).padStart(12, '0')
  return { id, title, question, context, answers: [{ text: answer, answer_start }] }
}
