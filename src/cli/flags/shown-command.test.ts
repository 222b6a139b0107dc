import { expect, test } from 'vitest'
import { publicCommand } from './shown-command.ts'

const shown = (...argv: string[]) => publicCommand(argv).slice('spanforge '.length)

test('quotes arguments for the shell', () => {
  expect(shown('train', '--model', 'bert-base-uncased', '--run_name', "it's")).toBe(
    "train --model bert-base-uncased --run_name 'it'\\''s'",
  )
  expect(shown('--train_file', 'data/train.json', '--learning_rate', '3e-5', '--model', '../models/bert')).toBe(
    '--train_file data/train.json --learning_rate 3e-5 --model ../models/bert',
  )
  expect(shown('--dataset', 'https://example.org/a/b.json')).toContain('https://example.org/a/b.json')
})

test.each([
  ['--hub_token', 'abc'],
  ['--token=abc'],
  ['--api-key', 'abc'],
  ['--proxy', 'http://me:abc@proxy:1'],
  ['--dataset', 'https://x.org/d?token=abc'],
  ['--run_name', 'hf_abcabcabcabcabcabc'],
])('removes secrets: %s %s', (...argv) => {
  expect(shown(...argv)).not.toContain('abc')
  expect(shown(...argv)).toContain('***')
})

test.each([
  '/home/alice/out',
  '~/alice/out',
  '~alice/out',
  'C:\\Users\\alice\\out',
  'C:/Users/alice/out',
  '\\\\server\\alice\\out',
  'file:///home/alice/out',
  '/home/alice smith/out',
  '/home/alice/out/',
])('shows only the last part of %s', (path) => {
  for (const argv of [['--output_dir', path], [`--output_dir=${path}`], ['--grid', `model=${path},${path}`]]) {
    expect(shown(...argv)).not.toContain('alice')
    expect(shown(...argv)).toContain('…/out')
  }
})

test('keeps flags and values that only look like secrets', () => {
  expect(shown('--max_tokens_per_pass', '4096', '--tokenizer', 'x')).toBe('--max_tokens_per_pass 4096 --tokenizer x')
})

test('truncates long commands and escapes control characters', () => {
  expect(shown('--run_name', 'x'.repeat(5000)).length).toBeLessThan(1010)
  expect(shown('--run_name', 'a\u202eb\nc')).toContain('a\\u202eb\\u000ac')
})
