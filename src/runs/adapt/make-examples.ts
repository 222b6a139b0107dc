/** Creates the examples on which a model is adapted. */

import { createHash } from 'node:crypto'
import { type ClozeOptions, clozeExamples } from '../../cloze/cloze-examples.ts'
import { type ChosenExamples, ClozeSample, type ClozeSampleOptions } from '../../cloze/cloze-sample.ts'
import { hashOfTexts } from '../../cloze/hash.ts'
import { isWithoutSpaces } from '../../cloze/sentences.ts'
import { SpanforgeError } from '../../errors.ts'
import { count, counted } from '../../report/render/format.ts'
import { showText } from '../../show-value.ts'
import type { AdaptCounts } from '../train/adaptation-record.ts'
import { type DocumentsOptions, eachDocument, type SkippedDocument } from './adapt-documents.ts'

export interface MadeExamples extends ChosenExamples {
  readonly counts: AdaptCounts
  readonly skipped: readonly SkippedDocument[]
  /** SHA-256 of the passages, which does not depend on their order or the names of the documents. */
  readonly digest: string
}

export type MakeExamplesOptions = ClozeOptions &
  ClozeSampleOptions &
  Omit<DocumentsOptions, 'onSkipped' | 'onOtherFiles'>

/**
 * Creates examples from documents. The same documents and seed give the same examples in any order.
 * @throws SpanforgeError if there are none, with what was read and what is needed
 */
export async function makeExamples(sources: readonly string[], options: MakeExamplesOptions): Promise<MadeExamples> {
  const counts: AdaptCounts = {
    documents: 0,
    duplicates: 0,
    other_files: 0,
    characters: 0,
    passages: 0,
    sentences: 0,
    usable_sentences: 0,
    recurring_spans: 0,
    too_long: 0,
  }
  const skipped: SkippedDocument[] = []
  const known = new Set<string>()
  const passages = new Set<number>()
  const sample = new ClozeSample(options)
  const reading = {
    ...options,
    onSkipped: (one: SkippedDocument) => void skipped.push(one),
    onOtherFiles(n: number) {
      counts.other_files = n
    },
  }
  for await (const document of eachDocument(sources, reading)) {
    const text = document.passages.join('\n\n')
    const digest = sha256(text)
    if (isWithoutSpaces(text)) {
      skipped.push({ name: document.name, reason: 'its language does not separate words by spaces' })
      continue
    }
    if (known.has(digest)) {
      counts.duplicates++
      continue
    }
    known.add(digest)
    counts.documents++
    counts.characters += text.length
    for (const passage of document.passages) passages.add(hashOfTexts(passage))
    for (const part of clozeExamples(document.passages, options)) {
      counts.sentences += part.counts.sentences
      counts.usable_sentences += part.counts.usable
      counts.recurring_spans += part.counts.spans
      counts.too_long += part.counts.too_long
      sample.add(document.name, digest, part.examples)
    }
  }
  counts.passages = passages.size
  const chosen = sample.choose()
  const made = { ...chosen, counts, skipped, digest: sha256([...passages].sort((a, b) => a - b).join()) }
  if (chosen.train.length === 0) throw noExamples(made)
  return made
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Maximum number of skipped documents that an error names. */
const NAMED = 5

function noExamples({ counts, skipped, repeated }: MadeExamples): SpanforgeError {
  const named = skipped.slice(0, NAMED).map(({ name, reason }) => `${showText(name, 80)}: ${reason}`)
  const more = skipped.length > NAMED ? [`and ${count(skipped.length - NAMED)} more`] : []
  const skippedLines =
    skipped.length > 0
      ? `\n  Skipped ${counted(skipped.length, 'document')}:\n    ${[...named, ...more].join('\n    ')}`
      : ''
  if (counts.documents === 0)
    return new SpanforgeError(`adapt: no document could be used${skippedLines}`, {
      remedy: 'Expected readable documents in a language that separates words by spaces.',
    })
  const also = [
    ...(repeated > 0 ? [`${counted(repeated, 'question')} repeat`] : []),
    ...(counts.too_long > 0
      ? [`${counted(counts.too_long, 'question')} are too long for the windows of the model`]
      : []),
  ]
  return new SpanforgeError(
    `adapt: no question can be made from these documents: ${counted(counts.documents, 'document')} with ` +
      `${counted(counts.passages, 'passage')} and ${counted(counts.sentences, 'sentence')}, of which ` +
      `${count(counts.usable_sentences)} are prose and not repeated, with ${counted(counts.recurring_spans, 'span')} that ` +
      `occur in two of them${also.map((text) => `; ${text}`).join('')}${skippedLines}`,
    {
      remedy:
        'Expected names, numbers or phrases that occur in at least two full sentences of the same document. ' +
        'Use longer documents of continuous text.',
    },
  )
}
