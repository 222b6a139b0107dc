import { invent, laterYear } from './answers.ts'
import type { Draws } from './draws.ts'
import type { Fact } from './facts/fact.ts'
import { factsAbout } from './facts/index.ts'
import { choose } from './grammar.ts'
import { type Entity, Namer, type SplitName } from './names.ts'
import { fill, phrase, pronouns, type Slots } from './sentence.ts'

/** A fact as a story tells it. `start` is the UTF-16 index of the answer in the story's text. */
export interface Told {
  readonly fact: Fact
  readonly entity: Entity
  readonly answer: string
  readonly start: number
}

export interface Story {
  readonly title: string
  readonly text: string
  readonly told: readonly Told[]
}

interface Character {
  readonly entity: Entity
  readonly firstYear: number
  readonly facts: Fact[]
}

interface Clause {
  readonly text: string
  readonly told?: Omit<Told, 'start'> & { readonly at: number }
}

/** Probability that a validation sentence, or question, follows a template that training never used. */
export const UNSEEN_SHARE = 0.2

/** Probability that a further character is of the first one's kind: then the name alone tells whose fact is asked for. */
const ALIKE = 0.3

/** How many characters, and how many facts of each: `brief` is about 50 tokens, `plain` 100, `long` 250. */
export type Size = 'brief' | 'plain' | 'long'
type Range = readonly [low: number, high: number]
const SIZES: Readonly<Record<Size, { readonly characters: Range; readonly facts: Range }>> = {
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
 * Tells a few facts about two to six people, firms or towns. Some of its characters are of one kind and share their
 * kinds of fact, so that a question is answered neither by the type of the answer alone nor by the name alone.
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
    const template = choose(random.pick(unseen ? fact.toldUnseen : fact.told), random)
    const answer = answerFor(fact, entity, firstYear)
    const slots: Slots = {
      mention: fits(mention, template) ? mention : (names.get(entity) as string),
      entity,
      answer,
      year: () => `${laterYear(firstYear, random)}`,
      town: () => namer.town().name,
    }
    const sentence = fill(template, slots)
    return { text: sentence.text, told: { fact, entity, answer, at: sentence.answerAt } }
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
  return { title: first.entity.name, text: page.text, told: page.told }
}

function assemble(random: Draws, namer: Namer, size: Size): Character[] {
  const { characters, facts } = SIZES[size]
  const kinds: readonly Entity['kind'][] = ['person', 'firm', 'town']
  const theme = random.pick(kinds)
  const pools = Object.fromEntries(kinds.map((kind) => [kind, random.shuffle(factsAbout[kind]).slice(0, facts[1] + 1)]))
  return Array.from({ length: random.int(...characters) }, (_, i) => {
    const kind = i === 0 || random.chance(ALIKE) ? theme : random.pick(kinds.filter((other) => other !== theme))
    const shared = random.chance(0.5) ? pools[kind] : random.shuffle(pools[kind])
    return {
      entity: namer[kind](),
      firstYear: random.int(1750, 1930),
      facts: shared.slice(0, random.int(...facts)),
    }
  })
}

/** Later mentions: a pronoun, a surname, "the firm", or the name again. */
function mentionAgain(entity: Entity, random: Draws): string {
  const draw = random.uniform()
  if (draw < 0.25) return entity.name
  if (entity.kind === 'person') return draw < 0.5 ? entity.surname : pronouns(entity).he
  return entity.kind === 'town' ? 'the town' : random.pick(['the firm', 'the company'])
}

/** "he" and "she" stand only where a sentence wants its subject. */
function fits(mention: string, template: string): boolean {
  return (mention !== 'he' && mention !== 'she') || /^\{S\} |, \{S\} (?!with|for)/.test(template)
}

/** The text so far, and where the answers stand in it. */
class Page {
  text = ''
  readonly told: Told[] = []

  write(clauses: readonly Clause[], link = ''): void {
    if (this.text) this.text += ' '
    const opening = this.text.length
    clauses.forEach((clause, i) => {
      if (i > 0) this.text += link
      if (clause.told) {
        const { fact, entity, answer, at } = clause.told
        this.told.push({ fact, entity, answer, start: this.text.length + at })
      }
      this.text += clause.text
    })
    this.text = `${this.text.slice(0, opening)}${capital(this.text.slice(opening))}.`
  }
}

/** The same text with its first letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
