import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { argumentsPage, pagePath, schemaPath, schemaText } from '../../../scripts/arguments-page.ts'
import { fixtureJson } from '../../../tests/fixture.ts'
import { argumentFlags } from './argument-flags.ts'
import { argumentDefaults, argumentNames, intervalSteps, parseArguments } from './arguments.ts'
import { leftOut } from './arguments-left-out.ts'
import { presets } from './presets.ts'

const { defaults: theirs } = fixtureJson<{ defaults: Record<string, unknown> }>('training/training-arguments.json')

describe('training arguments', () => {
  it('have every field of TrainingArguments that is not listed as unsupported', () => {
    const shared = [...argumentNames].filter((name) => name in theirs)
    expect(shared.sort()).toEqual(
      Object.keys(theirs)
        .filter((name) => !leftOut.has(name))
        .sort(),
    )
  })

  it('list as unsupported only fields of TrainingArguments', () => {
    expect([...leftOut.keys()].filter((name) => !(name in theirs))).toEqual([])
  })

  it('have the defaults of transformers', () => {
    const ours = Object.fromEntries(Object.entries(argumentDefaults).filter(([name]) => name in theirs))
    const expected = Object.fromEntries(Object.keys(ours).map((name) => [name, theirs[name]]))
    // transformers sets these after parsing.
    expect(ours).toEqual({
      ...expected,
      output_dir: 'trainer_output',
      metric_for_best_model: 'loss',
      disable_tqdm: false,
      report_to: ['tensorboard', 'jsonl'],
    })
  })

  it('derive defaults from other arguments', () => {
    expect(parseArguments({ logging_steps: 7, seed: 3 }, 'test')).toMatchObject({
      eval_steps: 7,
      data_seed: 3,
      greater_is_better: false,
    })
    expect(parseArguments({ metric_for_best_model: 'eval_f1' }, 'test')).toMatchObject({
      metric_for_best_model: 'f1',
      greater_is_better: true,
    })
    expect(parseArguments({ report_to: 'none' }, 'test').report_to).toEqual([])
    expect(parseArguments({ report_to: ['all'] }, 'test').report_to).toEqual(['tensorboard', 'jsonl'])
    expect(parseArguments({ resume_from_checkpoint: true }, 'test').resume_from_checkpoint).toBe('latest')
  })

  it('survive a round trip through JSON', () => {
    const args = parseArguments({ metric_for_best_model: 'f1', lr_scheduler_kwargs: { num_cycles: 2 } }, 'test')
    expect(parseArguments(JSON.parse(JSON.stringify(args)), 'test')).toEqual(args)
  })

  it.each([
    [{ learning_rte: 1 }, 'arguments.json: learning_rte: unknown argument; did you mean learning_rate?'],
    [{ learningRate: 1 }, 'did you mean learning_rate?'],
    [{ evaluation_strategy: 'epoch' }, 'unknown argument: use eval_strategy'],
    [{ zzz: 1 }, 'arguments.json: zzz: unknown argument'],
    [Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 1])), 'and 9,980 more unknown arguments'],
    [{ optim: 'sgd' }, 'optim: not supported by spanforge: the optimizer is always AdamW'],
    [{ learning_rate: '3e-5' }, 'learning_rate: found "3e-5", expected a number above 0'],
    [{ learning_rate: -1 }, 'found -1'],
    [{ learning_rate: Number.POSITIVE_INFINITY }, 'learning_rate'],
    [{ max_steps: 0 }, 'max_steps: found 0, expected -1, or an integer of at least 1'],
    [{ per_device_train_batch_size: 1.5 }, 'found 1.5, expected an integer of at least 1'],
    [{ eval_steps: 2.5 }, 'expected an integer of at least 1, or a share of all steps between 0 and 1'],
    [{ eval_strategy: 'epochs' }, 'found "epochs", expected one of no, steps, epoch'],
    [{ adam_beta2: 1 }, 'adam_beta2: found 1, expected a number of at least 0 and less than 1'],
    // Values that float32 rounds to 0, 1 or Infinity.
    [{ adam_epsilon: 0 }, 'adam_epsilon: found 0, expected a number above 0'],
    [{ adam_epsilon: 1e-46 }, 'adam_epsilon: found 1e-46, expected a number above 0'],
    [{ adam_beta1: 0.99999999 }, 'adam_beta1: found 0.99999999, expected a number of at least 0 and less than 1'],
    [{ adam_beta2: 1e-50 }, 'adam_beta2: found 1e-50, expected a number of at least 0'],
    [{ teacher_weight: 0 }, 'teacher_weight: found 0, expected a number above 0 and at most 1'],
    [{ teacher_weight: 1.5 }, 'teacher_weight: found 1.5, expected'],
    [{ teacher_temperature: 0 }, 'teacher_temperature: found 0, expected a number of at least 0.1 and at most 100'],
    [{ label_smoothing_factor: 0.99999999 }, 'label_smoothing_factor: found 0.99999999, expected'],
    [{ learning_rate: 1e39 }, 'learning_rate: found 1e+39, expected a number above 0 (1e-45 to 3e38 in float32'],
    [{ learning_rate: 1e-50 }, 'learning_rate: found 1e-50, expected a number above 0'],
    [{ weight_decay: 1e300 }, 'weight_decay: found 1e+300, expected a number of at least 0'],
    [{ max_grad_norm: 1e-50 }, 'max_grad_norm: found 1e-50, expected a number of at least 0'],
    [{ warmup_ratio: 1.1 }, 'at least 0 and at most 1'],
    [{ seed: 2 ** 32 }, 'seed: found 4294967296'],
    [{ lr_scheduler_kwargs: { cycles: 2 } }, 'expected an object with num_cycles, lr_end or power'],
    [{ report_to: ['wandb'] }, 'report_to: found ["wandb"], expected all, none, or some of tensorboard, jsonl'],
    [{ group_by_length: 'true' }, 'found "true", expected true or false'],
  ])('reject %j', (raw, message) => {
    expect(() => parseArguments(raw, 'arguments.json')).toThrow(message)
  })

  it('report a value that violates several rules only once', () => {
    const parse = () => parseArguments({ label_smoothing_factor: 2 }, 'arguments.json')
    expect(parse).toThrow(/^arguments\.json: label_smoothing_factor: found 2, expected [^\n]*$/)
  })

  it('report all problems at once', () => {
    const message = (() => {
      try {
        parseArguments({ learning_rate: 0, seeed: 1, max_steps: -2 }, 'x')
      } catch (error) {
        return (error as Error).message
      }
    })()
    expect(message?.split('\n')).toHaveLength(3)
  })

  it('accept intervals in steps or as a fraction of all steps', () => {
    expect(intervalSteps(10, 33)).toBe(10)
    expect(intervalSteps(0.1, 33)).toBe(4)
  })
})

describe('training arguments as flags', () => {
  function parseFlags(...argv: string[]): Record<string, unknown> {
    const command = new Command().exitOverride()
    for (const flag of argumentFlags())
      command.addOption(new Option(flag.flags, flag.description).argParser<unknown>(flag.parse))
    return command.parse(argv, { from: 'user' }).opts()
  }

  it('are equivalent to the same arguments in a JSON file', () => {
    const flags = parseFlags(
      ...'--learning_rate 3e-5 --max_steps -1 --eval_strategy epoch --load_best_model_at_end --bf16 false'.split(' '),
      ...'--logging_steps 0.1 --report_to tensorboard jsonl --run_name 7 --seed 0'.split(' '),
      ...['--lr_scheduler_kwargs', '{"power":2}', '--group_by_length', 'true'],
    )
    expect(flags).toEqual({
      learning_rate: 3e-5,
      max_steps: -1,
      eval_strategy: 'epoch',
      load_best_model_at_end: true,
      bf16: false,
      logging_steps: 0.1,
      report_to: ['tensorboard', 'jsonl'],
      run_name: '7',
      seed: 0,
      lr_scheduler_kwargs: { power: 2 },
      group_by_length: true,
    })
    expect(parseArguments(flags, 'command line').learning_rate).toBe(3e-5)
  })

  it('also accept comma-separated lists', () => {
    expect(parseFlags('--report_to', 'tensorboard,jsonl').report_to).toEqual(['tensorboard', 'jsonl'])
  })

  it.each([
    ['--learning_rate', 'fast', '--learning_rate: found "fast", expected a number above 0'],
    ['--bf16', 'yes', '--bf16: found "yes", expected true or false'],
    ['--lr_scheduler_kwargs', '{', '--lr_scheduler_kwargs: found "{"'],
  ])('reject %s %s', (flag, value, message) => {
    expect(() => parseFlags(flag, value)).toThrow(message)
  })
})

describe('the reference page', () => {
  it('matches the schema', () => {
    expect(readFileSync(pagePath, 'utf8')).toBe(argumentsPage())
  })
})

describe('the JSON Schema of the package', () => {
  it('is up to date', () => {
    expect(readFileSync(schemaPath, 'utf8')).toBe(schemaText())
    const { files } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    expect(files).toContain('schemas')
    const isValid = new Ajv2020().compile(JSON.parse(schemaText()))
    for (const valid of [
      argumentDefaults,
      ...Object.values(presets),
      { $schema: 'x', report_to: 'none', metric_for_best_model: 'eval_f1', eval_steps: 0.5 },
    ])
      expect(isValid(valid), JSON.stringify(isValid.errors)).toBe(true)
    for (const invalid of [
      { lerning_rate: 1 },
      { learning_rate: '3e-5' },
      { seed: -1 },
      { eval_strategy: 'never' },
      [],
    ])
      expect(isValid(invalid)).toBe(false)
  })
})
