import { describe, expect, it } from 'vitest'
import { expansions } from '../grammar.ts'
import { factsAbout } from './index.ts'

const facts = Object.values(factsAbout).flat()
const sentences = (templates: readonly string[]) => new Set(templates.flatMap((template) => [...expansions(template)]))

describe('the facts of the demonstration text', () => {
  it('ask seven kinds of question', () => {
    expect([...new Set(facts.map((fact) => fact.asks))].sort()).toEqual(
      ['how many', 'what', 'when', 'where', 'which', 'who', 'why'].sort(),
    )
  })

  it('tell each fact in at least three dozen ways and ask it in at least four', () => {
    for (const fact of facts) {
      expect(sentences(fact.told).size, fact.told[0]).toBeGreaterThanOrEqual(36)
      expect(sentences(fact.asked).size, fact.asked[0]).toBeGreaterThanOrEqual(4)
    }
  })

  it('name the subject once and the answer once in every sentence that tells', () => {
    for (const fact of facts) {
      for (const sentence of sentences([...fact.told, ...fact.toldUnseen])) {
        expect(sentence.match(/\{S\}/g), sentence).toHaveLength(1)
        expect(sentence.match(/\{(on )?A\}/g), sentence).toHaveLength(1)
      }
    }
  })

  it('name the subject once and no answer in every question', () => {
    for (const fact of facts) {
      for (const question of sentences([...fact.asked, ...fact.askedUnseen])) {
        expect(question.match(/\{S\}/g), question).toHaveLength(1)
        expect(question, question).toMatch(/^[^A]*\?$/)
      }
    }
  })

  it('use no slot but the known ones', () => {
    const known = new Set(['{S}', '{A}', '{on A}', '{year}', '{town}', '{he}', '{his}', '{him}'])
    for (const fact of facts) {
      const texts = [...fact.told, ...fact.toldUnseen, ...fact.asked, ...fact.askedUnseen]
      for (const [slot] of texts.join(' ').matchAll(/\{[^}]*\}/g)) expect(known).toContain(slot)
    }
  })

  it('keep the sentences that only validation uses out of training', () => {
    for (const fact of facts) {
      const seen = sentences([...fact.told, ...fact.asked])
      for (const unseen of sentences([...fact.toldUnseen, ...fact.askedUnseen])) expect(seen).not.toContain(unseen)
    }
  })
})
