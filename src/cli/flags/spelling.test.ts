import { expect, test } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { createProgram } from '../program.ts'
import { findFlag, spellFlags } from './spelling.ts'

const program = await createProgram()
const spelled = (line: string) => spellFlags(line.split(' '), program).join(' ')

test.each([
  ['serve out --max-windows 5 --trust-proxy', 'serve out --max_windows 5 --trust_proxy'],
  ['serve --max-windows=5 out', 'serve --max_windows=5 out'],
  ['train --output-dir a-b --per-device_train-batch-size=4', 'train --output_dir a-b --per_device_train_batch_size=4'],
  ['answer --max-seq-length 9 --max-answer-length 3', 'answer --max_seq_length 9 --max_answer_length 3'],
  ['answer --max-seq-len 9 --max_answer_len=3', 'answer --max_seq_length 9 --max_answer_length=3'],
  ['predict --max_question_len 9', 'predict --max_question_length 9'],
  ['train --max_seq_len 9', 'train --max_seq_length 9'],
  ['evaluate --max-samples 9', 'evaluate --max_eval_samples 9'],
  ['data windows a.json --max-samples 9', 'data windows a.json --max_samples 9'],
  [
    'answer --no_align_to_words --no-handle-impossible-answer',
    'answer --no-align_to_words --no-handle_impossible_answer',
  ],
  ['demo --no_serve --no_dashboard', 'demo --no-serve --no-dashboard'],
  ['data check a.json --dataset-config x', 'data check a.json --dataset_config x'],
  ['train --group-by-length --eval-strategy epoch', 'train --group_by_length --eval_strategy epoch'],
  [
    'serve --token a --token-file b --cors c d --rate-limit 1',
    'serve --token a --token_file b --cors c d --rate_limit 1',
  ],
])('%s becomes %s', (given, expected) => {
  expect(spelled(given)).toBe(expected)
})

test.each([
  'answer --question --max-seq-len --context a',
  'answer --question=--max-seq-len',
  'push out ann/out --message --dry-run',
  'serve --max_windows 5 -- --max-windows',
  'train --evaluation-strategy no',
  'train --run_name data --model-name-or-path x',
  'data check --model-name x',
  'serve ---max-windows --',
  'nonsense --max-windows',
])('%s is unchanged: values, unknown flags and everything after "--"', (line) => {
  expect(spelled(line)).toBe(line)
})

test('every flag is declared in snake_case and found in either spelling', () => {
  const commands = [program, ...program.commands.flatMap((one) => [one, ...one.commands])]
  const options = commands.flatMap((command) => command.options.map((option) => ({ command, option })))
  expect(options.length).toBeGreaterThan(200)
  for (const { command, option } of options) {
    const name = option.long!.slice(2)
    expect(name.replace(/^no-/, '')).toMatch(/^[a-z0-9_]+$/)
    expect(findFlag(command, name.replaceAll('_', '-'))).toBe(option)
    expect(findFlag(command, name.replaceAll('-', '_'))).toBe(option)
  }
})

test('commands accept both spellings, the last one wins, and errors name the flag as in help', async () => {
  const rejected = async (...argv: string[]) => (await runHere('serve', 'no-such-folder', ...argv)).stderr
  const expected = "option '--max_windows <integer>' argument '0' is invalid"
  expect(await rejected('--max-windows', '0')).toContain(expected)
  expect(await rejected('--max-windows=0')).toContain(expected)
  expect(await rejected('--max_windows', '1', '--max-windows', '0')).toContain(expected)
})

test('errors quote unknown flags as written and suggest flags in snake_case', async () => {
  const { code, stderr } = await runHere('demo', '--no-dashbord')
  expect(code).toBe(2)
  expect(stderr).toContain("unknown option '--no-dashbord'\n(Did you mean --no_dashboard?)")
})
