import { SpanforgeError } from '../../errors.ts'
import { type Component, Fields, lookUp, readComponent, unexpected } from '../fields.ts'

/** A part of a template: the tokens of a text, `A` or `B`, or special tokens; `type` is their token type. */
export type TemplatePart =
  | { readonly sequence: 'A' | 'B'; readonly type: number }
  | { readonly ids: readonly number[]; readonly type: number }

/** Special tokens added to a single text and to a pair of texts. */
export interface PostProcessor {
  readonly single: readonly TemplatePart[]
  readonly pair: readonly TemplatePart[]
  /** Token type of the second text in windows after the first, if it differs from the first window. */
  readonly later_type?: number
  /** Whether tokens in rows after the first belong to no text, as is the case without a post-processor. */
  readonly losesSequences?: boolean
  /** Excludes whitespace at the beginning and end of a token from its offsets. */
  readonly trim_offsets?: TrimOffsets
}

export interface TrimOffsets {
  /** Whether the first token keeps one space, which was added before it. */
  readonly add_prefix_space: boolean
}

/** Reads a `post_processor` of tokenizer.json. */
export function createPostProcessor(component: Component | null, place: string): PostProcessor {
  if (component === null) return { ...NONE, losesSequences: true }
  return lookUp(POST_PROCESSORS, component.type, `${place}.type`, 'post-processor')(Fields.of(component, place))
}

const REMEDY = 'Download the file again, or take it from the original model.'

const A = { sequence: 'A', type: 0 } as const
const B = { sequence: 'B', type: 1 } as const
const NONE: PostProcessor = { single: [A], pair: [A, B] }

const POST_PROCESSORS: Readonly<Record<string, (fields: Fields) => PostProcessor>> = {
  // The tokenizers library sets the token types of a template in the first window only.
  TemplateProcessing: (fields) => ({
    single: template(fields, 'single'),
    pair: template(fields, 'pair'),
    later_type: B.type,
  }),
  BertProcessing: (fields) => {
    const [cls, sep] = [namedId(fields, 'cls'), namedId(fields, 'sep')]
    const single = [{ ids: [cls], type: 0 }, A, { ids: [sep], type: 0 }]
    return { single, pair: [...single, B, { ids: [sep], type: 1 }] }
  },
  RobertaProcessing: (fields) => {
    const [cls, sep] = [namedId(fields, 'cls'), namedId(fields, 'sep')]
    const single = [{ ids: [cls], type: 0 }, A, { ids: [sep], type: 0 }]
    return {
      single,
      pair: [...single, { ids: [sep], type: 0 }, { sequence: 'B', type: 0 }, { ids: [sep], type: 0 }],
      ...trimming(fields),
    }
  },
  ByteLevel: (fields) => ({ ...NONE, ...trimming(fields) }),
  Sequence: (fields) => {
    const steps = fields.list('processors').map((value, i) => {
      const place = `${fields.path('processors')}[${i}]`
      return createPostProcessor(readComponent(value, place), place)
    })
    const first = steps.findIndex(({ single }) => single !== NONE.single)
    // The tokenizers library, too, would lose which tokens are the question's and trim some offsets twice.
    if (first >= 0 && first < steps.length - 1)
      throw new SpanforgeError(
        `${fields.path('processors')}[${first}] adds special tokens before another processor; expected it to be the last`,
        { remedy: REMEDY },
      )
    const trimming = steps.flatMap(({ trim_offsets }) => trim_offsets ?? [])
    if (trimming.length > 1)
      throw new SpanforgeError(`${fields.path('processors')} trim offsets ${trimming.length} times; expected once`, {
        remedy: REMEDY,
      })
    return { ...(steps.at(-1) ?? NONE), ...(trimming.length > 0 && { trim_offsets: trimming[0] }) }
  },
}

const trimming = (fields: Fields): Pick<PostProcessor, 'trim_offsets'> =>
  fields.boolean('trim_offsets') ? { trim_offsets: { add_prefix_space: fields.boolean('add_prefix_space') } } : {}

/** Returns the id from a pair of a token and its id. */
function namedId(fields: Fields, name: string): number {
  const pair = fields.list(name)
  if (pair.length === 2 && isId(pair[1])) return pair[1]
  throw unexpected(fields.path(name), pair, 'a token and its id')
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function template(fields: Fields, name: 'single' | 'pair'): TemplatePart[] {
  const special = fields.object('special_tokens')
  const parts = fields.list(name)
  let count = parts.length
  rejectMany(count, fields.path(name))
  return parts.map((value, i) => {
    const part = Fields.of(value, `${fields.path(name)}[${i}]`)
    if (part.has('Sequence')) {
      const sequence = part.object('Sequence')
      return { sequence: sequence.oneOf('id', ['A', 'B']), type: sequence.integer('type_id', 0) }
    }
    const token = part.object('SpecialToken')
    const ids = idsOf(special.object(token.string('id')))
    count += ids.length - 1
    rejectMany(count, fields.path(name))
    return { ids, type: token.integer('type_id', 0) }
  })
}

function idsOf(special: Fields): readonly number[] {
  const ids = special.list('ids')
  if (ids.every(isId)) return ids
  throw unexpected(special.path('ids'), ids, 'a list of token ids')
}

/** A pair of texts with special tokens before the first, between the two and after the second. */
export interface PairLayout {
  readonly before: TemplateTokens
  readonly between: TemplateTokens
  readonly after: TemplateTokens
  /** Token types of the tokens of each text. */
  readonly types: readonly [number, number]
  /** Token type of the second text's tokens in windows after the first. */
  readonly later_type: number
}

export interface TemplateTokens {
  readonly ids: readonly number[]
  readonly types: readonly number[]
}

/** Well above the number in real windows. Each special token takes the place of a token of the text. */
const MAX_SPECIAL = 512

function rejectMany(special: number, place: string): void {
  if (special <= MAX_SPECIAL) return
  throw new SpanforgeError(`${place}: adds ${special} special tokens, expected at most ${MAX_SPECIAL}`, {
    remedy: REMEDY,
  })
}

/** Returns the layout of a template for pairs, or undefined unless it contains A once, followed by B once. */
export function pairLayout({ pair, later_type }: PostProcessor): PairLayout | undefined {
  const order = pair.flatMap((part) => ('sequence' in part ? [part.sequence] : [])).join('')
  if (order !== 'AB') return undefined
  const types: [number, number] = [0, 0]
  const around = [0, 1, 2].map(() => ({ ids: [] as number[], types: [] as number[] }))
  let passed = 0
  for (const part of pair)
    if ('sequence' in part) types[passed++] = part.type
    else {
      around[passed].ids.push(...part.ids)
      around[passed].types.push(...part.ids.map(() => part.type))
    }
  const [before, between, after] = around
  return { before, between, after, types, later_type: later_type ?? types[1] }
}
