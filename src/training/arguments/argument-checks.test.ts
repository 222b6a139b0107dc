import { describe, expect, it } from 'vitest'
import { checkArguments, type RunFacts } from './argument-checks.ts'
import { parseArguments, type TrainingArgumentsInput } from './arguments.ts'
import { presets } from './presets.ts'
import { decideArguments } from './stored-settings.ts'

const run: RunFacts = {
  engine: { device: 'this CPU', precisions: ['float32'] },
  validationExamples: 500,
  max_positions: 512,
  layers: 6,
  max_steps: 579,
}

const withBfloat16: RunFacts['engine'] = { device: 'this CPU', precisions: ['float32', 'bfloat16'] }

const check = (raw: TrainingArgumentsInput, facts: Partial<RunFacts> = {}): void =>
  checkArguments(decideArguments(parseArguments(raw, 'test'), { max_positions: undefined }), { ...run, ...facts })

const byEpoch = { eval_strategy: 'epoch', save_strategy: 'epoch' } as const
const bySteps = { eval_strategy: 'steps', save_strategy: 'steps', load_best_model_at_end: true } as const

describe('combinations of arguments', () => {
  it.each<[TrainingArgumentsInput]>([
    [{}],
    [{ ...byEpoch, load_best_model_at_end: true, early_stopping_patience: 2, early_stopping_threshold: 0.1 }],
    [{ ...bySteps, eval_steps: 50, save_steps: 100 }],
    [{ ...bySteps, eval_steps: 0.1, save_steps: 0.3 }],
    [{ eval_strategy: 'steps', eval_steps: 50, save_strategy: 'best', load_best_model_at_end: true }],
    [{ warmup_ratio: 0.1, lr_scheduler_type: 'polynomial', lr_scheduler_kwargs: { lr_end: 0 } }],
  ])('lets %j pass', (raw) => {
    expect(() => check(raw)).not.toThrow()
  })

  it.each<[TrainingArgumentsInput, Partial<RunFacts>, string]>([
    [byEpoch, { validationExamples: 0 }, 'eval_strategy epoch requires validation data: set validation_file'],
    [{ eval_on_start: true }, { validationExamples: 0 }, 'eval_on_start requires validation data'],
    [{ load_best_model_at_end: true }, {}, 'requires loss, which is never computed with eval_strategy no'],
    [
      { save_strategy: 'best', metric_for_best_model: 'f1' },
      {},
      'save_strategy best requires f1, which is never computed',
    ],
    [{ early_stopping_patience: 1 }, {}, 'early_stopping_patience requires loss, which is never computed'],
    [{ early_stopping_threshold: 1 }, {}, 'early_stopping_threshold requires early_stopping_patience'],
    [
      { ...byEpoch, load_best_model_at_end: true, save_strategy: 'steps' },
      {},
      'requires the same eval_strategy and save_strategy, but found epoch and steps',
    ],
    [{ ...bySteps, eval_steps: 50, save_steps: 75 }, {}, 'save_steps (75) to be a multiple of eval_steps (50)'],
    [{ ...bySteps, eval_steps: 100, save_steps: 50 }, {}, 'save_steps (50) to be a multiple of eval_steps (100)'],
    [{ ...bySteps, eval_steps: 0.1, save_steps: 100 }, {}, 'save_steps (100) to be a multiple of eval_steps (0.1)'],
    [{ ...bySteps, eval_steps: 600, save_steps: 600 }, {}, 'the first evaluation would come after the last step (579)'],
    [{ ...byEpoch, load_best_model_at_end: true, eval_delay: 4 }, {}, 'lower eval_steps or eval_delay'],
    [{ greater_is_better: true }, {}, 'greater_is_better true would select the worst loss'],
    [{ metric_for_best_model: 'f1', greater_is_better: false }, {}, 'would select the worst f1'],
    [
      { layer_lr_decay: 1e-10 },
      {},
      'layer_lr_decay 1e-10 over 6 layers gives the embeddings a learning rate of 5e-75, which float32 rounds to 0',
    ],
    [{ warmup_steps: 1, warmup_ratio: 0.1 }, {}, 'warmup_steps and warmup_ratio are mutually exclusive'],
    [{ warmup_steps: 580 }, {}, 'warmup_steps 580 exceeds the 579 steps of the run'],
    [{ warmup_steps: 5, lr_scheduler_type: 'constant' }, {}, 'use constant_with_warmup'],
    [{ lr_scheduler_kwargs: { power: 2 } }, {}, 'unknown option power for linear; available options: none'],
    [
      { lr_scheduler_type: 'cosine', lr_scheduler_kwargs: { power: 2 } },
      {},
      'unknown option power for cosine; available options: num_cycles',
    ],
    [{ lr_scheduler_type: 'polynomial', learning_rate: 1e-8 }, {}, 'lr_end 1e-7 must be less than learning_rate 1e-8'],
    [
      { lr_scheduler_type: 'cosine_with_restarts', lr_scheduler_kwargs: { num_cycles: 1.5 } },
      {},
      'must be an integer, found 1.5',
    ],
    [{ weight_decay: 1e5, learning_rate: 1e-3 }, {}, 'each step would multiply the weights by 1 - 100'],
    [{ learning_rate: 1e38 }, {}, 'learning_rate 1e+38 causes steps that overflow float32'],
    [
      { lr_scheduler_type: 'cosine', lr_scheduler_kwargs: { num_cycles: 1e308 } },
      {},
      '{"num_cycles": 1e+308} results in a learning rate that is not finite',
    ],
    [{ max_seq_length: 600, max_tokens_per_pass: 1000 }, {}, "exceeds the model's 512 positions"],
    [{ doc_stride: 384 }, {}, 'must be less than max_seq_length 384'],
    [{ max_tokens_per_pass: 200 }, {}, 'max_tokens_per_pass 200 must be at least'],
    [{ teacher_weight: 0.5 }, {}, 'teacher_weight requires teacher: set it to the folder of a trained model'],
    [{ teacher_temperature: 2 }, {}, 'teacher_temperature requires teacher'],
    [{ padding: 'longest' }, { teacher: { max_positions: 512 } }, 'teacher requires padding none, found longest'],
    [{}, { teacher: { max_positions: 256 } }, "max_seq_length 384 exceeds the teacher's 256 positions: lower it"],
    [{ freeze_layers: 7 }, {}, "freeze_layers 7 exceeds the model's 6 layers"],
    [{ fp16: true }, {}, 'fp16: this CPU does not support training in float16: remove it to train in float32'],
    [{ fp16: true }, { engine: withBfloat16 }, 'use bf16'],
    [
      { fp16: true },
      { engine: { device: 'a card', precisions: ['float32'], lacks: { float16: 'no shader-f16' } } },
      'fp16: a card does not support training in float16 (no shader-f16): remove it to train in float32',
    ],
    [{ fp16: true, bf16: true }, {}, 'fp16 and bf16 are mutually exclusive'],
    [{ null_score_diff_threshold: 1 }, {}, 'null_score_diff_threshold requires version_2_with_negative'],
    [
      { overwrite_output_dir: true, resume_from_checkpoint: 'latest' },
      {},
      'overwrite_output_dir and resume_from_checkpoint are mutually exclusive',
    ],
  ])('rejects %j', (raw, facts, message) => {
    expect(() => check(raw, facts)).toThrow(message)
  })

  it('allows bfloat16 and float16 on a device that supports them', () => {
    expect(() => check({ bf16: true }, { engine: withBfloat16 })).not.toThrow()
    expect(() => check({ fp16: true }, { engine: { device: 'a card', precisions: ['float16'] } })).not.toThrow()
  })
})

it('uses float16 with the preset notebook on a device that supports it, unless another precision is given', () => {
  const fp16 = (more: TrainingArgumentsInput, ...precisions: RunFacts['engine']['precisions']) =>
    decideArguments(parseArguments({ ...presets.notebook, ...more }, 'test'), {
      max_positions: 512,
      engine: { precisions },
    }).fp16
  expect(fp16({}, 'float32')).toBe(false)
  expect(fp16({}, 'float32', 'float16')).toBe(true)
  expect(fp16({ fp16: false }, 'float32', 'float16')).toBe(false)
  expect(fp16({ bf16: true }, 'float32', 'bfloat16', 'float16')).toBe(false)
})
