/** The starter model of the repository, in `starter/`. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pipeline } from '../src/api/pipeline.ts'
import { packageFile } from '../src/package-root.ts'

const folder = packageFile('starter')
const text =
  'The Clifton Suspension Bridge spans the Avon Gorge near Bristol. It was designed by Isambard Kingdom Brunel, who won a ' +
  'competition for it in 1831. Riots and a lack of money stopped the work, and the bridge was opened in 1864, five years ' +
  'after his death. Its chains came from the Hungerford Bridge in London, which had been demolished. About four million ' +
  'vehicles cross it every year, and the toll pays for its maintenance.'

test('answers questions about a text of any subject', async () => {
  const ask = await pipeline('question-answering', folder)
  const answerTo = async (question: string) => {
    const found = await ask(question, text)
    return (Array.isArray(found) ? found[0] : found).answer
  }
  expect(await answerTo('Who designed the bridge?')).toBe('Isambard Kingdom Brunel')
  expect(await answerTo('When was the bridge opened?')).toBe('1864')
  expect(await answerTo('Where did the chains of the bridge come from?')).toContain('Hungerford Bridge')
  expect(await answerTo('How many vehicles cross the bridge each year?')).toMatch(/four million/)
  await ask.dispose()
})

test('has at most 28 MB, and a card with its results and the licenses of its data', () => {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)))
  expect(sizes.filter((size) => size.isFile()).reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(28e6)
  const card = readFileSync(join(folder, 'README.md'), 'utf8')
  expect(card).toContain('## Results')
  for (const source of ['SQuAD', 'TyDi QA', 'MLQA', 'sentence-transformers/all-MiniLM-L6-v2'])
    expect(card).toContain(`- **${source}`)
})
