import type { Draws } from './draws.ts'
import type { Entity } from './names.ts'

/** The values of the slots in a template. */
export interface TemplateSlots {
  /** `{S}`: a name, a surname, a pronoun or a phrase such as "the firm". */
  readonly mention: string
  readonly entity: Entity
  /** `{A}`, or `{on A}` with the preposition for a date. */
  readonly answer: string
  /** `{year}` and `{town}`: irrelevant details of the same types as answers. */
  readonly year: () => string
  readonly town: () => string
}

/** A sentence without initial capital and full stop. `answerAt` is the UTF-16 index of the answer, or -1. */
export interface Sentence {
  readonly text: string
  readonly answerAt: number
}

/** The values of `{he}`, `{his}` and `{him}` for an entity. */
export function pronouns(entity: Entity): Readonly<Record<'he' | 'his' | 'him', string>> {
  if (entity.kind !== 'person') return { he: 'it', his: 'its', him: 'it' }
  return entity.gender === 'female' ? { he: 'she', his: 'her', him: 'her' } : { he: 'he', his: 'his', him: 'him' }
}

/** Fills the slots of a template that `choose` has expanded. */
export function fill(template: string, slots: TemplateSlots): Sentence {
  let text = ''
  let answerAt = -1
  for (const piece of template.split(/(\{[^}]*\})/)) {
    if (piece === '{A}' || piece === '{on A}') {
      if (piece === '{on A}') text += /^\d{1,2} |\d, |^the \d/.test(slots.answer) ? 'on ' : 'in '
      if (/(^| )a $/.test(text) && /^[aeiou]/.test(slots.answer)) text = `${text.slice(0, -1)}n `
      answerAt = text.length
      text += slots.answer
    } else if (piece === '{S}') text += slots.mention
    else if (piece === '{year}') text += slots.year()
    else if (piece === '{town}') text += slots.town()
    else text += fillPronouns(piece, slots.entity)
  }
  return { text, answerAt }
}

const CHOICE = /\(([^()]*)\)/

/** Expands a template at random: `(a|b|)` becomes a, b or nothing, innermost first. */
export function choose(template: string, random: Draws): string {
  let text = template
  for (let match = CHOICE.exec(text); match; match = CHOICE.exec(text))
    text = splice(text, match, random.pick(match[1].split('|')))
  return tidy(text)
}

/** All expansions of a template. */
export function expansions(template: string): Set<string> {
  const match = CHOICE.exec(template)
  if (!match) return new Set([tidy(template)])
  return new Set(match[1].split('|').flatMap((option) => [...expansions(splice(template, match, option))]))
}

function splice(text: string, match: RegExpExecArray, replacement: string): string {
  return text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length)
}

/** Draws an answer phrase, such as "{his} eyes had grown weak", and fills in the pronouns of the entity. */
export function phrase(templates: readonly string[], entity: Entity, random: Draws): string {
  return choose(random.pick(templates), random).replace(/\{[^}]*\}/g, (slot) => fillPronouns(slot, entity))
}

function fillPronouns(piece: string, entity: Entity): string {
  const words = pronouns(entity)
  return piece === '{he}' ? words.he : piece === '{his}' ? words.his : piece === '{him}' ? words.him : piece
}

/** Removes the extra spaces left by empty choices. */
function tidy(text: string): string {
  return text
    .replace(/ +/g, ' ')
    .replace(/ ([,.?;])/g, '$1')
    .trim()
}
