import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { commandEntries } from './commands.ts'
import { createProgram } from './program.ts'

const leaves = (command: Command, path: readonly string[] = []): string[][] =>
  command.commands.length === 0
    ? [[...path]]
    : [[...path], ...command.commands.flatMap((one) => leaves(one, [...path, one.name()]))]

test('the help of every command fits into 80 columns and shows flags in snake_case', async () => {
  for (const path of leaves(await createProgram())) {
    const { code, stdout } = await runHere(...path, '--help')
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stdout.match(/--\w+-[\w-]*/g), 'flags are shown in snake_case').toBeNull()
  }
})

test('every listed command exists and has --quiet', async () => {
  const program = await createProgram()
  expect(program.commands.map((command) => command.name())).toEqual(commandEntries.map(({ name }) => name))
  for (const path of leaves(program).filter(([name]) => name !== 'data' && name !== 'cache' && name !== undefined))
    expect((await runHere(...path, '--help')).stdout).toContain('--quiet')
})

test('the help of every command that does something has examples', async () => {
  for (const path of leaves(await createProgram()).filter(([name, sub]) => name !== 'cache' || !sub))
    expect((await runHere(...path, '--help')).stdout, path.join(' ')).toMatch(/\n(Examples?|From .*):\n {2}/)
})

test('help lists every command with its usage, independent of which ones are loaded', async () => {
  const lines = async (argv: string[]) => (await createProgram(argv)).helpInformation()
  expect(await lines(['--help'])).toBe(await lines(['train']))
  expect(await lines(['--help'])).toMatch(/serve \[options\] \[model\.\.\.\] +serve models/)
})

test('the help of train starts with the essential arguments', async () => {
  const { stdout } = await runHere('train', '--help')
  const flags = [...stdout.matchAll(/^ {2}--(\w+)/gm)].map(([, name]) => name)
  expect(flags.slice(0, 8)).toEqual([
    'model',
    'dataset',
    'train_file',
    'validation_file',
    'output_dir',
    'num_train_epochs',
    'per_device_train_batch_size',
    'learning_rate',
  ])
})

test.each([
  ['train', '--evaluation_strategy', 'use --eval_strategy'],
  ['train', '--model_name_or_path', 'use --model'],
  ['train', '--lr', 'use --learning_rate'],
  ['train', '--epochs', 'use --num_train_epochs'],
  ['train', '--batch_size', 'use --per_device_train_batch_size'],
  ['train', '--train-batch-size', 'use --per_device_train_batch_size'],
  ['train', '--do_train', 'use the commands train, evaluate and answer instead'],
  ['train', '--pad_to_max_length', 'use --padding max_length'],
  ['evaluate', '--model_name_or_path', 'use --model'],
  ['evaluate', '--max_length', 'use --max_seq_length'],
  ['evaluate', '--validation_file', 'use --data'],
  ['evaluate', '--per_device_eval_batch_size', 'use --batch_size'],
  ['predict', '--max_length', 'use --max_seq_length'],
  ['predict', '--model_path', 'use --model'],
  ['answer', '--model_name_or_path', 'use --model'],
  ['sweep', '--evaluation_strategy', 'use --eval_strategy'],
])('%s %s has a hint: %s', async (command, flag, hint) => {
  const { code, stderr } = await runHere(command, flag, 'x')
  expect(code).toBe(2)
  expect(stderr).toContain(`unknown option '${flag}': ${hint}`)
})
