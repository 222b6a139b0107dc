import { describe, expect, it } from 'vitest'
import { checkArguments, type RunFacts } from './argument-checks.ts'
import { parseArguments, type TrainingArgumentsInput } from './arguments.ts'
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
    [byEpoch, { validationExamples: 0 }, 'eval_strategy epoch has nothing to evaluate on: give validation_file'],
    [{ eval_on_start: true }, { validationExamples: 0 }, 'eval_on_start has nothing to evaluate on'],
    [{ load_best_model_at_end: true }, {}, 'needs loss, which is never computed with eval_strategy no'],
    [
      { save_strategy: 'best', metric_for_best_model: 'f1' },
      {},
      'save_strategy best needs f1, which is never computed',
    ],
    [{ early_stopping_patience: 1 }, {}, 'early_stopping_patience needs loss, which is never computed'],
    [{ early_stopping_threshold: 1 }, {}, 'early_stopping_threshold does nothing alone'],
    [
      { ...byEpoch, load_best_model_at_end: true, save_strategy: 'steps' },
      {},
      'eval_strategy is epoch and save_strategy steps',
    ],
    [{ ...bySteps, eval_steps: 50, save_steps: 75 }, {}, 'save_steps (75) to be a multiple of eval_steps (50)'],
    [{ ...bySteps, eval_steps: 100, save_steps: 50 }, {}, 'save_steps (50) to be a multiple of eval_steps (100)'],
    [{ ...bySteps, eval_steps: 0.1, save_steps: 100 }, {}, 'save_steps (100) to be a multiple of eval_steps (0.1)'],
    [{ ...bySteps, eval_steps: 600, save_steps: 600 }, {}, 'the first evaluation would come after the last step (579)'],
    [{ ...byEpoch, load_best_model_at_end: true, eval_delay: 4 }, {}, 'lower eval_steps or eval_delay'],
    [{ greater_is_better: true }, {}, 'greater_is_better true would keep the worst loss'],
    [{ metric_for_best_model: 'f1', greater_is_better: false }, {}, 'would keep the worst f1'],
    [{ warmup_steps: 1, warmup_ratio: 0.1 }, {}, 'warmup_steps and warmup_ratio are mutually exclusive'],
    [{ warmup_steps: 580 }, {}, 'warmup_steps 580 is more than the 579 steps of the run'],
    [{ warmup_steps: 5, lr_scheduler_type: 'constant' }, {}, 'take constant_with_warmup'],
    [{ lr_scheduler_kwargs: { power: 2 } }, {}, 'linear has no power; it takes none'],
    [
      { lr_scheduler_type: 'cosine', lr_scheduler_kwargs: { power: 2 } },
      {},
      'cosine has no power; it takes num_cycles',
    ],
    [{ lr_scheduler_type: 'polynomial', learning_rate: 1e-8 }, {}, 'from learning_rate 1e-8 to lr_end 1e-7'],
    [{ lr_scheduler_type: 'cosine_with_restarts', lr_scheduler_kwargs: { num_cycles: 1.5 } }, {}, 'not 1.5'],
    [{ weight_decay: 1e5, learning_rate: 1e-3 }, {}, 'each step would multiply the weights by 1 - 100'],
    [{ learning_rate: 1e38 }, {}, 'learning_rate 1e+38 makes steps that float32 cannot hold'],
    [
      { lr_scheduler_type: 'cosine', lr_scheduler_kwargs: { num_cycles: 1e308 } },
      {},
      '{"num_cycles": 1e+308} gives no finite learning rate',
    ],
    [{ max_seq_length: 600, max_tokens_per_pass: 1000 }, {}, "more than the model's 512 positions"],
    [{ doc_stride: 384 }, {}, 'must be less than max_seq_length 384'],
    [{ max_tokens_per_pass: 200 }, {}, 'max_tokens_per_pass 200 has no room for one window'],
    [{ freeze_layers: 7 }, {}, "freeze_layers 7 is more than the model's 6 layers"],
    [{ fp16: true }, {}, 'fp16: this CPU cannot train in it: leave it out and train in float32'],
    [{ fp16: true }, { engine: withBfloat16 }, 'take bf16'],
    [{ fp16: true, bf16: true }, {}, 'fp16 and bf16 are mutually exclusive'],
    [{ null_score_diff_threshold: 1 }, {}, 'it needs version_2_with_negative'],
    [
      { overwrite_output_dir: true, resume_from_checkpoint: 'latest' },
      {},
      'would remove the checkpoint that resume_from_checkpoint names',
    ],
  ])('refuses %j', (raw, facts, message) => {
    expect(() => check(raw, facts)).toThrow(message)
  })

  it('lets a device that computes in bfloat16 do so', () => {
    expect(() => check({ bf16: true }, { engine: withBfloat16 })).not.toThrow()
  })
})
