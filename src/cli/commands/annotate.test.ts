import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { parseSquad, toSquadJson } from '../../squad/reading/squad-json.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-annotate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const context = 'The 🌊 tower is 96 m high.'
const answers = [{ text: '96 m', answer_start: context.indexOf('96 m') }]
const examples = [
  { id: 'a', title: 'T', question: 'How high?', context, answers },
  { id: 'b', title: 'T', question: 'How wide?', context, answers: [] },
]

it('imports data and exports it as SQuAD JSON, but not over a file', async () => {
  const data = join(folder, 'data.json')
  writeFileSync(data, toSquadJson(examples))
  const [output_dir, out] = [join(folder, 'project'), join(folder, 'out.json')]
  const argv = ['annotate', '--output_dir', output_dir, '--export', out]
  const { code, stdout } = await runHere(...argv, data)
  expect([code, stdout]).toEqual([0, expect.stringContaining('Wrote 2 questions')])
  expect(stdout).toContain(`train --model MODEL --train_file ${out} --version_2_with_negative`)
  expect(parseSquad(readFileSync(out, 'utf8'), out)).toEqual(examples)
  const again = await runHere(...argv)
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('already exists')])
  expect((await runHere(...argv, '--overwrite', '--json')).stdout).toContain('"unanswerable": 1')
})

it.each([
  [['nowhere.pdf'], 'nowhere.pdf: does not exist'],
  [[], 'there is nothing to annotate'],
  [['--export', 'OUT'], 'there is no project'],
  [['--annotators', 'ann,,bob'], 'names separated by commas'],
  [['--annotators', 'ann', '--overlap', '2'], '--overlap 2'],
])('explains what is wrong with %j', async (argv, message) => {
  const out = join(folder, 'out.json')
  const given = argv.map((one) => (one === 'OUT' ? out : one))
  const { code, stderr } = await runHere('annotate', '--output_dir', join(folder, 'project'), ...given)
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(existsSync(out)).toBe(false)
})
