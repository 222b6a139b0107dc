import { writeFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadSquad } from './functions.ts'
import { AutoModelForQuestionAnswering } from './model.ts'
import { AutoTokenizer } from './tokenizer.ts'

describe('AutoModelForQuestionAnswering.from_pretrained', () => {
  test('warns of newly initialized weights on standard error or through a callback', async () => {
    const folder = fixture('tiny/b2/encoder-only')
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const model = await AutoModelForQuestionAnswering.from_pretrained(folder)
    expect(write.mock.calls.flat().join('')).toMatch(/newly initialized: qa_outputs.bias, qa_outputs.weight\n.*TRAIN/)
    write.mockClear()
    const warnings: string[] = []
    const again = await AutoModelForQuestionAnswering.from_pretrained(folder, { onWarning: (it) => warnings.push(it) })
    expect(warnings).toHaveLength(1)
    expect(write).not.toHaveBeenCalled()
    write.mockRestore()
    expect(model.loading_report.missing).toEqual(['qa_outputs.bias', 'qa_outputs.weight'])
    // The same seed gives the same random head.
    expect(again.parameters.data).toEqual(model.parameters.data)
    const other = await AutoModelForQuestionAnswering.from_pretrained(folder, { seed: 1, onWarning: () => {} })
    expect(other.parameters.view('qa_outputs.weight')).not.toEqual(model.parameters.view('qa_outputs.weight'))
  })

  test('saves a model that loads with the same values', async () => {
    const folder = fixture('tiny/b1/safetensors')
    const model = await AutoModelForQuestionAnswering.from_pretrained(folder)
    // Embeddings (128 + 64 + 2 + 2) * 32, two layers of 8,544, a head of 2 * 32 + 2.
    expect(model.num_parameters()).toBe(196 * 32 + 2 * 8544 + 66)
    const saved = temporaryFolder()
    await model.save_pretrained(saved)
    const again = await AutoModelForQuestionAnswering.from_pretrained(saved)
    expect(again.parameters.data).toEqual(model.parameters.data)
    expect({ ...again.config, extra: {} }).toEqual({ ...model.config, extra: {} })
  })

  test('reports a missing folder by name', async () => {
    await expect(AutoModelForQuestionAnswering.from_pretrained('./nowhere')).rejects.toThrow('./nowhere')
    await expect(AutoTokenizer.from_pretrained('./nowhere')).rejects.toThrow('./nowhere')
  })
})

test('AutoTokenizer.from_pretrained saves a tokenizer that loads with the same values', async () => {
  const tokenizer = await AutoTokenizer.from_pretrained(fixture('tiny/b1/safetensors'))
  const saved = temporaryFolder()
  await tokenizer.save_pretrained(saved)
  expect((await AutoTokenizer.from_pretrained(saved)).settings).toEqual(tokenizer.settings)
})

describe('loadSquad', () => {
  const qas = fixtureJson<{ id: string; question: string; context: string }[]>('postprocess/examples.json')
    .slice(0, 3)
    .map(({ id, question, context }) => ({ context, qas: [{ id, question, answers: [] }] }))

  test('returns the first max_samples questions of a file', async () => {
    const file = `${temporaryFolder()}/squad.json`
    writeFileSync(file, JSON.stringify({ data: [{ title: 'x', paragraphs: qas }] }))
    expect(await loadSquad(file)).toHaveLength(3)
    expect((await loadSquad(file, { max_samples: 2 })).map(({ id }) => id)).toEqual(
      qas.slice(0, 2).map(({ qas: [{ id }] }) => id),
    )
  })

  test('reports a missing or broken file by name', async () => {
    const file = `${temporaryFolder()}/cut.json`
    await expect(loadSquad(file)).rejects.toThrow('cut.json')
    writeFileSync(file, '{"data": [')
    await expect(loadSquad(file)).rejects.toThrow('cut.json')
  })
})
