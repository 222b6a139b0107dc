import { invent, laterYear } from './answers.ts'
import type { Draws } from './draws.ts'
import type { Fact } from './facts/fact.ts'
import { firmFacts } from './facts/firm.ts'
import { lifeFacts } from './facts/person-life.ts'
import { workFacts } from './facts/person-work.ts'
import { townFacts } from './facts/town.ts'
import { type Entity, Namer, type SplitName } from './names.ts'
import { choose, fill, phrase, pronouns, type TemplateSlots } from './sentence.ts'

/** All facts of the demo text, by kind of entity. */
export const factsAbout: Readonly<Record<Entity['kind'], readonly Fact[]>> = {
  person: [...Object.values(lifeFacts), ...Object.values(workFacts)],
  firm: Object.values(firmFacts),
  town: Object.values(townFacts),
}

/** A fact stated in a story. `start` is the UTF-16 index of the answer in the text of the story. */
export interface StatedFact {
  readonly fact: Fact
  readonly entity: Entity
  readonly answer: string
  readonly start: number
}

export interface Story {
  readonly title: string
  readonly text: string
  readonly stated: readonly StatedFact[]
}

interface Character {
  readonly entity: Entity
  readonly firstYear: number
  readonly facts: Fact[]
}

interface Clause {
  readonly text: string
  readonly stated?: Omit<StatedFact, 'start'> & { readonly at: number }
}

/** Probability that a sentence or question of the validation split uses a template unseen in training. */
export const UNSEEN_SHARE = 0.2

/** Probability that a character is of the same kind as the first, so that only the name identifies the subject. */
const SAME_KIND_SHARE = 0.3

/** The size of a story: `brief` is about 50 tokens, `plain` 100 and `long` 250. */
export type Size = 'brief' | 'plain' | 'long'
type CountRange = readonly [low: number, high: number]
const SIZES: Readonly<Record<Size, { readonly characters: CountRange; readonly facts: CountRange }>> = {
  brief: { characters: [2, 2], facts: [1, 2] },
  plain: { characters: [2, 3], facts: [2, 3] },
  long: { characters: [4, 6], facts: [2, 3] },
}

const ASIDES = [
  'not much (else|more) is known about (that time|those years)',
  'the (local|morning|evening) paper wrote about it at length',
  'some of this can still be read in the (old|town|parish) archive',
  'few people (remember|talk about) this today',
  'these were (hard|good|uncertain) years for (many|everyone)',
  'the details were (long|often) disputed',
  'a (small|bronze|modest) plaque recalls the event',
  'nobody had expected (this|anything of the kind)',
  'the (weather|winter) was unusually (mild|cold) in those days',
  'what happened (next|afterwards) is a matter of some debate',
]

/**
 * Generates a story with a few facts about two to six people, firms or towns. Some characters are of the same kind and
 * share kinds of facts, so that neither the type of the answer nor the name is sufficient to answer a question.
 */
export function tellStory(random: Draws, split: SplitName, size: Size): Story {
  const namer = new Namer(random.fork('names'), split)
  const cast = assemble(random, namer, size)
  const names = new Map<Entity, string>(cast.map((c) => [c.entity, c.entity.name]))
  const linkable = random.shuffle(cast.map((c) => c.entity))

  const clause = (character: Character, mention: string): Clause => {
    const { entity, firstYear } = character
    const fact = character.facts.shift() as Fact
    const unseen = split === 'validation' && random.chance(UNSEEN_SHARE)
    const template = choose(random.pick(unseen ? fact.unseenStatements : fact.statements), random)
    const answer = answerFor(fact, entity, firstYear)
    const slots: TemplateSlots = {
      mention: fits(mention, template) ? mention : (names.get(entity) as string),
      entity,
      answer,
      year: () => `${laterYear(firstYear, random)}`,
      town: () => namer.town().name,
    }
    const sentence = fill(template, slots)
    return { text: sentence.text, stated: { fact, entity, answer, at: sentence.answerAt } }
  }

  const answerFor = (fact: Fact, entity: Entity, firstYear: number): string => {
    if (typeof fact.answer !== 'string') return phrase(fact.answer, entity, random)
    const link = linkable.findIndex((other) => other.kind === fact.answer && other !== entity)
    if (link >= 0 && random.chance(0.3)) return linkable.splice(link, 1)[0].name
    return invent(fact.answer, firstYear, random, namer)
  }

  const page = new Page()
  const [first, second] = cast
  if (first.entity.kind === second.entity.kind && first.facts[0] === second.facts[0] && random.chance(0.35)) {
    const link = random.pick([', while ', ', whereas ', ', and ', '; ', ', but '])
    page.write([clause(first, first.entity.name), clause(second, second.entity.name)], link)
  }
  for (const character of cast) {
    for (let opening = true; character.facts.length > 0; opening = false) {
      const mention = opening ? character.entity.name : mentionAgain(character.entity, random)
      page.write([clause(character, mention)])
      if (random.chance(0.1)) page.write([{ text: choose(random.pick(ASIDES), random) }])
    }
  }
  return { title: first.entity.name, text: page.text, stated: page.stated }
}

function assemble(random: Draws, namer: Namer, size: Size): Character[] {
  const { characters, facts } = SIZES[size]
  const kinds: readonly Entity['kind'][] = ['person', 'firm', 'town']
  const theme = random.pick(kinds)
  const pools = Object.fromEntries(kinds.map((kind) => [kind, random.shuffle(factsAbout[kind]).slice(0, facts[1] + 1)]))
  return Array.from({ length: random.int(...characters) }, (_, i) => {
    const kind =
      i === 0 || random.chance(SAME_KIND_SHARE) ? theme : random.pick(kinds.filter((other) => other !== theme))
    const shared = random.chance(0.5) ? pools[kind] : random.shuffle(pools[kind])
    return {
      entity: namer[kind](),
      firstYear: random.int(1750, 1930),
      facts: shared.slice(0, random.int(...facts)),
    }
  })
}

/** A later mention of an entity: a pronoun, a surname, "the firm" or the name. */
function mentionAgain(entity: Entity, random: Draws): string {
  const draw = random.uniform()
  if (draw < 0.25) return entity.name
  if (entity.kind === 'person') return draw < 0.5 ? entity.surname : pronouns(entity).he
  return entity.kind === 'town' ? 'the town' : random.pick(['the firm', 'the company'])
}

/** Whether a mention fits the template: "he" and "she" are only used as subjects. */
function fits(mention: string, template: string): boolean {
  return (mention !== 'he' && mention !== 'she') || /^\{S\} |, \{S\} (?!with|for)/.test(template)
}

/** Builds the text and records the positions of the answers. */
class Page {
  text = ''
  readonly stated: StatedFact[] = []

  write(clauses: readonly Clause[], link = ''): void {
    if (this.text) this.text += ' '
    const opening = this.text.length
    clauses.forEach((clause, i) => {
      if (i > 0) this.text += link
      if (clause.stated) {
        const { fact, entity, answer, at } = clause.stated
        this.stated.push({ fact, entity, answer, start: this.text.length + at })
      }
      this.text += clause.text
    })
    this.text = `${this.text.slice(0, opening)}${capital(this.text.slice(opening))}.`
  }
}

/** Capitalizes the first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
