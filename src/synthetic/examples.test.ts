import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toSquadJson } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { generateCloze, generateExamples } from './examples.ts'
import { belongsTo, type SplitName } from './names.ts'

const sha256 = (examples: Example[]) => createHash('sha256').update(toSquadJson(examples)).digest('hex')

function paragraphs(examples: Example[]): Map<string, Example[]> {
  const found = new Map<string, Example[]>()
  for (const example of examples) found.set(example.context, [...(found.get(example.context) ?? []), example])
  return found
}

const train = generateExamples({ seed: 42, split: 'train', questions: 3000 })
const validation = generateExamples({ seed: 42, split: 'validation', questions: 500 })
const cloze = generateCloze({ seed: 42, questions: 1000 })

/** Capitalised words that do not start a sentence: names, months, prizes. */
function names(file: Example[]): Set<string> {
  const found = [...paragraphs(file).keys()].flatMap((context) =>
    [...context.matchAll(/(?<![.]) (\p{Lu}[\p{L}]+)/gu)].map((m) => m[1]),
  )
  return new Set(found)
}

describe('the generated demo data', () => {
  it('is identical for the same seed', () => {
    expect(sha256(train)).toBe('5efbea2e061dff1f1adf36a26431cb7b3b4d35c19d4fdc850ddc976e25527808')
    expect(sha256(validation)).toBe('6df65b7c159a8d1e6f7fabab9dfe9c74e58347d9b56252151e4f308b11445fa2')
    expect(sha256(cloze)).toBe('6d92f1a037e27d1c9d1af9469725d430bedb3c74bd51864176b819256f355921')
  })

  it('differs for different seeds', () => {
    expect(sha256(generateExamples({ seed: 43, split: 'validation', questions: 500 }))).not.toBe(sha256(validation))
  })

  it('has the requested number of questions, with unique ids', () => {
    expect(train).toHaveLength(3000)
    expect(validation).toHaveLength(500)
    expect(new Set(train.map((q) => q.id)).size).toBe(3000)
  })

  it('has every answer at its position, which is the same in UTF-16 units and code points', () => {
    for (const { context, answers } of [train, validation, cloze].flat()) {
      const [{ text, answer_start: start }] = answers
      expect(text.length).toBeGreaterThan(0)
      expect(context.slice(start, start + text.length)).toBe(text)
      expect([...context]).toHaveLength(context.length)
      expect(context[start - 1] ?? ' ').toMatch(/[ (]/)
      expect(context[start + text.length]).toMatch(/[ .,;]/)
    }
  })

  it('uses seven question words', () => {
    for (const file of [train, validation]) {
      const text = file.map((q) => q.question.toLowerCase())
      for (const word of ['who', 'what', 'when', 'where', 'which', 'how many', 'why']) {
        expect(text.filter((q) => q.startsWith(word)).length / text.length, word).toBeGreaterThan(0.04)
      }
    }
  })

  it('uses different names in pretraining, training and validation', () => {
    const common = new Set(
      (
        'January February March April May June July August September October November December Port New Upper Old ' +
        'Silver Golden Copper White Blue Iron Lantern Compass Feather Anchor Lily Key Prize Medal Award Cross Northern ' +
        'Royal City Harbour Founders Science Arts Trade Peace Letters Ironworks Shipyard Mills Brewery Instruments ' +
        'Press Glassworks Foundry Chemicals Motors Textiles Tools Paper Optics Engines Ceramics Sons Sunday'
      ).split(' '),
    )
    for (const [split, file] of Object.entries({ train, validation, pretraining: cloze })) {
      const invented = [...names(file)].filter((name) => !common.has(name))
      expect(invented.length).toBeGreaterThan(100)
      for (const name of invented) expect(belongsTo(name, split as SplitName), `${name} in ${split}`).toBe(true)
    }
  })

  it('assigns every stem to exactly one split', () => {
    for (const stem of ['Velin', 'Torvik', 'Ashford', 'Marta', 'Kelberg', 'Nidra']) {
      const homes = (['pretraining', 'train', 'validation'] as const).filter((split) => belongsTo(stem, split))
      expect(homes).toHaveLength(1)
    }
  })

  it('has distractors: most paragraphs contain other answers of the same type', () => {
    const shape = (text: string) => (/\d{4}$/.test(text) ? 'date' : /^\p{Lu}/u.test(text) ? 'name' : undefined)
    const shaped = [...paragraphs(train).values()].flatMap((examples) => {
      const answers = examples.map((example) => example.answers[0].text)
      return answers.filter(shape).map((a) => answers.some((b) => b !== a && shape(b) === shape(a)))
    })
    expect(shaped.filter(Boolean).length / shaped.length).toBeGreaterThan(0.6)
  })

  it('asks about facts whose subject is a pronoun', () => {
    const withPronoun = train.filter(({ context, answers: [{ answer_start: start }] }) => {
      const opening = Math.max(context.lastIndexOf('. ', start) + 2, 0)
      return /^(He|She|The (town|firm|company)) /.test(context.slice(opening))
    })
    expect(withPronoun.length).toBeGreaterThan(300)
  })

  it('has no questions in the pretraining text, and exactly one [MASK] in every statement', () => {
    for (const { question } of cloze) {
      expect(question).not.toContain('?')
      expect(question.split('[MASK]')).toHaveLength(2)
    }
  })
})
