import type { Example } from '../squad/types.ts'
import { Draws } from './draws.ts'
import { choose } from './grammar.ts'
import type { SplitName } from './names.ts'
import { fill } from './sentence.ts'
import { capital, type Size, type Told, tellStory, UNSEEN_SHARE } from './story.ts'

export interface GenerateOptions {
  readonly seed: number
  readonly split: SplitName
  /** How many questions; the last paragraph may be asked fewer than the others. */
  readonly questions: number
  /** The size of every paragraph; plain with a share of long ones when not given. */
  readonly size?: Size
}

/** Share of the paragraphs that do not fit into one window of 128 tokens. */
const LONG_SHARE = 0.12
const QUESTIONS_PER_PARAGRAPH = 5

/** Questions about invented people, firms and towns. The same options give the same examples. */
export function generateExamples(options: GenerateOptions): Example[] {
  return build(options, (told, random) => ask(told, options.split, random))
}

/**
 * Text for pretraining: the "question" tells a fact of the paragraph in other words, with [MASK] where the answer
 * stood (recurring span selection: Ram et al. 2021, "Few-Shot Question Answering by Pretraining Span Selection").
 * No sentence of it is a question.
 */
export function generateCloze(options: Omit<GenerateOptions, 'split'>): Example[] {
  return build({ ...options, split: 'pretraining' }, retell)
}

function build({ seed, split, questions, size }: GenerateOptions, phrase: Phrase): Example[] {
  const examples: Example[] = []
  for (let index = 0; examples.length < questions; index++) {
    const random = new Draws(seed, `demo ${split}`, index)
    const {
      title,
      text: context,
      told,
    } = tellStory(random, split, size ?? (random.chance(LONG_SHARE) ? 'long' : 'plain'))
    const chosen = random.shuffle(told).slice(0, Math.min(QUESTIONS_PER_PARAGRAPH, questions - examples.length))
    for (const [i, one] of chosen.entries()) {
      const text = context.slice(one.start, one.start + one.answer.length)
      const answers = [{ text, answer_start: one.start }]
      examples.push({ id: `${split}-${seed}-${index}-${i}`, title, context, question: phrase(one, random), answers })
    }
  }
  return examples
}

type Phrase = (told: Told, random: Draws) => string

function ask(told: Told, split: SplitName, random: Draws): string {
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
