import { describe, expect, it } from 'vitest'
import { expansions } from '../sentence.ts'
import { factsAbout } from '../story.ts'

const facts = Object.values(factsAbout).flat()
const sentences = (templates: readonly string[]) => new Set(templates.flatMap((template) => [...expansions(template)]))

describe('the facts of the demo text', () => {
  it('cover seven kinds of questions', () => {
    expect([...new Set(facts.map((fact) => fact.kind))].sort()).toEqual(
      ['how many', 'what', 'when', 'where', 'which', 'who', 'why'].sort(),
    )
  })

  it('have at least 36 statements and 4 questions each', () => {
    for (const fact of facts) {
      expect(sentences(fact.statements).size, fact.statements[0]).toBeGreaterThanOrEqual(36)
      expect(sentences(fact.questions).size, fact.questions[0]).toBeGreaterThanOrEqual(4)
    }
  })

  it('contain the subject and the answer exactly once in every statement', () => {
    for (const fact of facts) {
      for (const sentence of sentences([...fact.statements, ...fact.unseenStatements])) {
        expect(sentence.match(/\{S\}/g), sentence).toHaveLength(1)
        expect(sentence.match(/\{(on )?A\}/g), sentence).toHaveLength(1)
      }
    }
  })

  it('contain the subject exactly once and no answer in every question', () => {
    for (const fact of facts) {
      for (const question of sentences([...fact.questions, ...fact.unseenQuestions])) {
        expect(question.match(/\{S\}/g), question).toHaveLength(1)
        expect(question, question).toMatch(/^[^A]*\?$/)
      }
    }
  })

  it('use only known slots', () => {
    const known = new Set(['{S}', '{A}', '{on A}', '{year}', '{town}', '{he}', '{his}', '{him}'])
    for (const fact of facts) {
      const texts = [...fact.statements, ...fact.unseenStatements, ...fact.questions, ...fact.unseenQuestions]
      for (const [slot] of texts.join(' ').matchAll(/\{[^}]*\}/g)) expect(known).toContain(slot)
    }
  })

  it('keep validation-only templates out of training', () => {
    for (const fact of facts) {
      const seen = sentences([...fact.statements, ...fact.questions])
      for (const unseen of sentences([...fact.unseenStatements, ...fact.unseenQuestions]))
        expect(seen).not.toContain(unseen)
    }
  })
})
