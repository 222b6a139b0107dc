import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readExamples } from '../src/data/read-examples.ts'
import { packageFile } from '../src/package-root.ts'
import { temporaryFolder } from './temporary-folder.ts'

const page = readFileSync(packageFile('docs/data.md'), 'utf8')
const examples = [...page.matchAll(/\n([^\n]+)\n\n```(json|jsonl|csv)\n(.*?)```/gs)].map(([, title, format, text]) => ({
  title,
  format,
  text,
}))

describe('docs/data.md', () => {
  it('shows each layout', () => expect(examples).toHaveLength(8))

  it.each(examples)('shows what readers read: $title', async ({ format, text }) => {
    const path = join(temporaryFolder(), `data.${format}`)
    writeFileSync(path, text)
    const [first, ...others] = await readExamples(path)
    expect(first.question).toBe('Who wrote it?')
    expect(first.answers).toEqual([{ text: 'Ada', answer_start: 0 }])
    for (const { answers, context } of others)
      for (const { text, answer_start } of answers) expect(context.startsWith(text, answer_start)).toBe(true)
  })
})
