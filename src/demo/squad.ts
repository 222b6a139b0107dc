import { Draws } from './draws.ts'
import { choose } from './grammar.ts'
import type { Split } from './names.ts'
import { fill } from './sentence.ts'
import { capital, type Size, type Told, tellStory, UNSEEN_SHARE } from './story.ts'

/** A SQuAD v1.1 file. The text holds no character beyond the basic plane: `answer_start` means the same everywhere. */
export interface SquadFile {
  readonly version: '1.1'
  readonly data: readonly { readonly title: string; readonly paragraphs: readonly SquadParagraph[] }[]
}

export interface SquadParagraph {
  readonly context: string
  readonly qas: readonly {
    readonly id: string
    readonly question: string
    readonly answers: readonly { readonly text: string; readonly answer_start: number }[]
  }[]
}

export interface GenerateOptions {
  readonly seed: number
  readonly split: Split
  /** How many questions; the last paragraph may be asked fewer than the others. */
  readonly questions: number
  /** The size of every paragraph; plain with a share of long ones when not given. */
  readonly size?: Size
}

/** Share of the paragraphs that do not fit into one window of 128 tokens. */
const LONG_SHARE = 0.12
const QUESTIONS_PER_PARAGRAPH = 5

/** Questions about invented people, firms and towns. The same options give the same file, byte for byte. */
export function generateSquad(options: GenerateOptions): SquadFile {
  return build(options, (told, random) => ask(told, options.split, random))
}

/**
 * Text for pretraining: the "question" tells a fact of the paragraph in other words, with [MASK] where the answer
 * stood (recurring span selection: Ram et al. 2021, "Few-Shot Question Answering by Pretraining Span Selection").
 * No sentence of it is a question.
 */
export function generateCloze(options: Omit<GenerateOptions, 'split'>): SquadFile {
  return build({ ...options, split: 'pretraining' }, retell)
}

function build(
  { seed, split, questions, size }: GenerateOptions,
  phrase: (told: Told, random: Draws) => string,
): SquadFile {
  const data: { title: string; paragraphs: SquadParagraph[] }[] = []
  for (let asked = 0; asked < questions; ) {
    const random = new Draws(seed, `demo ${split}`, data.length)
    const story = tellStory(random, split, size ?? (random.chance(LONG_SHARE) ? 'long' : 'plain'))
    const chosen = random.shuffle(story.told).slice(0, Math.min(QUESTIONS_PER_PARAGRAPH, questions - asked))
    const qas = chosen.map((told, i) => ({
      id: `${split}-${seed}-${data.length}-${i}`,
      question: phrase(told, random),
      answers: [{ text: story.text.slice(told.start, told.start + told.answer.length), answer_start: told.start }],
    }))
    data.push({ title: story.title, paragraphs: [{ context: story.text, qas }] })
    asked += qas.length
  }
  return { version: '1.1', data }
}

function ask(told: Told, split: Split, random: Draws): string {
  const { fact, entity } = told
  const unseen = split === 'validation' && random.chance(UNSEEN_SHARE)
  const template = choose(random.pick(unseen ? fact.askedUnseen : fact.asked), random)
  const mention = entity.kind === 'person' && random.chance(0.15) ? entity.surname : entity.name
  return capital(fill(template, { mention, entity, answer: '', year: String, town: String }).text)
}

function retell(told: Told, random: Draws): string {
  const { fact, entity, answer } = told
  const plain = fact.told.map((template) => choose(template, random)).filter((text) => !/\{(year|town)\}/.test(text))
  const template = random.pick(plain.length > 0 ? plain : ['{S}: {A}'])
  const mention = entity.kind === 'person' && random.chance(0.15) ? entity.surname : entity.name
  const { text, answerAt } = fill(template, { mention, entity, answer, year: String, town: String })
  return capital(`${text.slice(0, answerAt)}[MASK]${text.slice(answerAt + answer.length)}.`)
}
