import type { Example } from '../squad/types.ts'
import { Draws } from './draws.ts'
import type { SplitName } from './names.ts'
import { choose, fill } from './sentence.ts'
import { capital, type Size, type StatedFact, tellStory, UNSEEN_SHARE } from './story.ts'

export interface GenerateOptions {
  readonly seed: number
  readonly split: SplitName
  /** Total number of questions. The last paragraph may have fewer than the others. */
  readonly questions: number
  /** Size of all paragraphs (default: plain, with a share of long ones). */
  readonly size?: Size
}

/** Share of paragraphs that do not fit into a window of 128 tokens. */
const LONG_SHARE = 0.12
const QUESTIONS_PER_PARAGRAPH = 5

/** Generates questions about invented people, firms and towns. The same options give the same examples. */
export function generateExamples(options: GenerateOptions): Example[] {
  return build(options, (stated, random) => ask(stated, options.split, random))
}

/**
 * Generates text for pretraining by recurring span selection (Ram et al. 2021, "Few-Shot Question Answering by
 * Pretraining Span Selection"). Instead of a question, each example has a statement that paraphrases a fact of the
 * paragraph with [MASK] in place of the answer.
 */
export function generateCloze(options: Omit<GenerateOptions, 'split'>): Example[] {
  return build({ ...options, split: 'pretraining' }, paraphrase)
}

function build({ seed, split, questions, size }: GenerateOptions, phrase: Phrase): Example[] {
  const examples: Example[] = []
  for (let index = 0; examples.length < questions; index++) {
    const random = new Draws(seed, `demo ${split}`, index)
    const {
      title,
      text: context,
      stated,
    } = tellStory(random, split, size ?? (random.chance(LONG_SHARE) ? 'long' : 'plain'))
    const chosen = random.shuffle(stated).slice(0, Math.min(QUESTIONS_PER_PARAGRAPH, questions - examples.length))
    for (const [i, one] of chosen.entries()) {
      const text = context.slice(one.start, one.start + one.answer.length)
      const answers = [{ text, answer_start: one.start }]
      examples.push({ id: `${split}-${seed}-${index}-${i}`, title, context, question: phrase(one, random), answers })
    }
  }
  return examples
}

type Phrase = (stated: StatedFact, random: Draws) => string

function ask(stated: StatedFact, split: SplitName, random: Draws): string {
  const { fact, entity } = stated
  const unseen = split === 'validation' && random.chance(UNSEEN_SHARE)
  const template = choose(random.pick(unseen ? fact.unseenQuestions : fact.questions), random)
  const mention = entity.kind === 'person' && random.chance(0.15) ? entity.surname : entity.name
  return capital(fill(template, { mention, entity, answer: '', year: String, town: String }).text)
}

function paraphrase(stated: StatedFact, random: Draws): string {
  const { fact, entity, answer } = stated
  const plain = fact.statements
    .map((template) => choose(template, random))
    .filter((text) => !/\{(year|town)\}/.test(text))
  const template = random.pick(plain.length > 0 ? plain : ['{S}: {A}'])
  const mention = entity.kind === 'person' && random.chance(0.15) ? entity.surname : entity.name
  const { text, answerAt } = fill(template, { mention, entity, answer, year: String, town: String })
  return capital(`${text.slice(0, answerAt)}[MASK]${text.slice(answerAt + answer.length)}.`)
}
