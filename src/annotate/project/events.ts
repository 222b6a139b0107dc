/** The events of an annotation project. Its journal has one per line, and its state is what they add up to. */
import { z } from 'zod'

/** Version of the format of the journal. */
export const FORMAT = 1

/** Maximum number of characters of a question or a comment. */
export const MAX_TEXT = 5000

/** The name of a person, as given with --annotators or typed on the page. */
export const annotatorName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'expected a name without control characters')

const id = z.string().min(1).max(200)

/** `passage.text.slice(answer_start, answer_start + text.length) === text`, in UTF-16 units. */
export const answerSchema = z.strictObject({ text: z.string().min(1), answer_start: z.int().nonnegative() })

const answers = z.array(answerSchema).max(100)

const passage = z.strictObject({
  /** Digest of the text, so that the same text is annotated only once. */
  id,
  text: z.string().min(1),
  /** Headings above it, from the outermost to the innermost. */
  headings: z.array(z.string()).optional(),
  /** Page of a PDF, counted from 1. */
  page: z.int().optional(),
})

/** The model's answer to a question, as it was shown. */
export const suggestionSchema = z.strictObject({
  model: z.string().max(200),
  /** "" for no answer. */
  answer: z.string(),
  answer_start: z.int().nonnegative(),
  /** Probability that it is right, as far as the model can tell. */
  certainty: z.number(),
})

/** What a person does on the page. */
export const actionSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('question'),
    id: id.optional(),
    passage: id,
    annotator: annotatorName,
    question: z.string().trim().min(1).max(MAX_TEXT),
  }),
  z.strictObject({
    type: z.literal('edit'),
    id,
    annotator: annotatorName,
    question: z.string().trim().min(1).max(MAX_TEXT),
  }),
  z.strictObject({ type: z.literal('delete'), id, annotator: annotatorName }),
  z.strictObject({
    type: z.literal('answer'),
    id,
    annotator: annotatorName,
    /** Empty if the passage does not answer the question. */
    answers,
    /** The suggestion of the model that was accepted or corrected. */
    suggestion: suggestionSchema.optional(),
    outcome: z.enum(['accepted', 'corrected']).optional(),
  }),
  z.strictObject({ type: z.literal('withdraw'), id, annotator: annotatorName }),
  z.strictObject({
    type: z.literal('comment'),
    /** The question that it is about; without it, the passage. */
    id: id.optional(),
    passage: id,
    annotator: annotatorName,
    /** Empty to remove one's comment. */
    comment: z.string().trim().max(MAX_TEXT),
  }),
  z.strictObject({
    type: z.literal('status'),
    passage: id,
    annotator: annotatorName,
    status: z.enum(['open', 'done', 'skipped']),
  }),
  z.strictObject({
    type: z.literal('decide'),
    id,
    annotator: annotatorName,
    /** The annotator whose answers are exported. */
    from: annotatorName,
  }),
])

const at = z.iso.datetime()

export const eventSchema = z.union([
  z.strictObject({ at, type: z.literal('project'), format: z.int(), version: z.string() }),
  z.strictObject({
    at,
    type: z.literal('document'),
    name: z.string().min(1),
    title: z.string().optional(),
    /** Digest of the file, or of the passages if they come from data. */
    digest: z.string(),
    passages: z.array(passage),
  }),
  z.strictObject({
    at,
    type: z.literal('imported'),
    id,
    passage: id,
    /** Empty for marks without a question, such as named entities. */
    question: z.string(),
    /** The label of such marks. */
    label: z.string().optional(),
    /** The file that it comes from. */
    source: z.string(),
    /** Missing if the file has no answers. */
    answers: answers.optional(),
    comment: z.string().optional(),
    /** The answer that a served model gave. */
    suggestion: suggestionSchema.optional(),
  }),
  /** New answers of an imported question in its file. */
  z.strictObject({ at, type: z.literal('given'), id, answers }),
  z.strictObject({ at, type: z.literal('annotators'), names: z.array(annotatorName) }),
  z.strictObject({ at, type: z.literal('assign'), annotator: annotatorName, passages: z.array(id) }),
  ...actionSchema.options.map((option) => option.extend({ at })),
])

export type AnnotatedPassage = Readonly<z.output<typeof passage>>
export type StoredSuggestion = Readonly<z.output<typeof suggestionSchema>>
/** A request of the page. */
export type AnnotationAction = Readonly<z.output<typeof actionSchema>>
export type AnnotationEvent = Readonly<z.output<typeof eventSchema>>

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never
/** An event without its time, which the journal adds. */
export type NewEvent = Without<AnnotationEvent, 'at'>
