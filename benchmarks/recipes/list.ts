import type { TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import type { SourceName } from './data.ts'

export interface Recipe {
  /** What the recipe does differently from the baseline. */
  readonly about: string
  /** Arguments that differ from the baseline's. */
  readonly arguments?: TrainingArgumentsInput
  /** How often the questions of a source are in an epoch (default: once). */
  readonly copies?: Partial<Record<SourceName, number>>
  /**
   * Measured processor time per window, relative to the baseline (default: 1). A recipe that takes longer sees fewer windows,
   * a faster one more.
   */
  readonly cost?: number
  /**
   * Share of the windows for span selection (`spanforge adapt`) on the contexts of the training data, before the training
   * with the others.
   */
  readonly adapt?: number
  /** Another recipe, whose model of the same length and the next seed is the teacher. */
  readonly teacher?: string
}

/** Arguments of the baseline, which are also those of the other recipes unless they say otherwise. */
const BASELINE: TrainingArgumentsInput = {
  per_device_train_batch_size: 16,
  per_device_eval_batch_size: 16,
  learning_rate: 1.5e-4,
  lr_scheduler_type: 'linear',
  weight_decay: 0.01,
  max_seq_length: 384,
  doc_stride: 128,
}

/** Windows between two evaluations, approximately. */
const WINDOWS_PER_EVALUATION = 10_000

/** Windows of span selection in a run of `windows` windows. */
export const adaptationWindows = ({ adapt = 0 }: Recipe, windows: number): number => Math.round(adapt * windows)

/**
 * The arguments of a recipe, for as many steps as it takes in the time of `windows` windows of the baseline. Evaluations and
 * checkpoints are at equal distances, and the last ones at the end.
 */
export function recipeArguments(recipe: Recipe, windows: number): TrainingArgumentsInput {
  const own = { ...BASELINE, ...recipe.arguments }
  const seen = (windows - adaptationWindows(recipe, windows)) / (recipe.cost ?? 1)
  const evaluations = Math.max(1, Math.round(seen / WINDOWS_PER_EVALUATION))
  const interval = Math.max(1, Math.round(seen / own.per_device_train_batch_size! / evaluations))
  const every = { eval_strategy: 'steps', eval_steps: interval, save_strategy: 'steps', save_steps: interval } as const
  return { ...every, max_steps: interval * evaluations, logging_steps: Math.min(100, interval), ...own }
}

export const RECIPES: Readonly<Record<string, Recipe>> = {
  baseline: { about: 'batches of 16, learning rate 1.5e-4 with linear decay, all training data' },

  warmup: { about: 'warm-up over 6 % of the steps', arguments: { warmup_ratio: 0.06 } },
  cosine: { about: 'cosine decay', arguments: { lr_scheduler_type: 'cosine' } },
  'cosine-warmup': {
    about: 'warm-up over 6 % of the steps, then cosine decay',
    arguments: { lr_scheduler_type: 'cosine', warmup_ratio: 0.06 },
  },
  'lr-1e-4': { about: 'learning rate 1e-4', arguments: { learning_rate: 1e-4 } },
  'lr-3e-4': { about: 'learning rate 3e-4 after a warm-up', arguments: { learning_rate: 3e-4, warmup_ratio: 0.06 } },
  'lr-5e-4': { about: 'learning rate 5e-4 after a warm-up', arguments: { learning_rate: 5e-4, warmup_ratio: 0.06 } },
  'lr-3e-4-smoothing-0.1': {
    about: 'learning rate 3e-4 after a warm-up, label smoothing 0.1',
    arguments: { learning_rate: 3e-4, warmup_ratio: 0.06, label_smoothing_factor: 0.1 },
  },
  'batch-32': {
    about: 'batches of 32, learning rate 2.1e-4',
    arguments: { per_device_train_batch_size: 32, learning_rate: 2.1e-4 },
    cost: 0.96,
  },
  'batch-64': {
    about: 'batches of 64, learning rate 3e-4 after a warm-up',
    arguments: { per_device_train_batch_size: 64, learning_rate: 3e-4, warmup_ratio: 0.06 },
    cost: 0.89,
  },
  adapted: {
    about: 'span selection on the contexts of the training data first, for a fifth of the windows',
    adapt: 0.2,
  },
  'adapted-long': {
    about: 'span selection on the contexts of the training data first, for two fifths of the windows',
    adapt: 0.4,
  },
  'squad-only': { about: 'without TyDi', copies: { tydi: 0 } },
  'tydi-twice': { about: 'each TyDi question twice in an epoch', copies: { tydi: 2 } },
  'sampled-twice': {
    about: 'each question of squad-train-sampled.json, which has the most subjects, twice in an epoch',
    copies: { sampled: 2 },
  },
  'smoothing-0.1': { about: 'label smoothing 0.1', arguments: { label_smoothing_factor: 0.1 } },
  'layer-decay-0.8': {
    about: 'learning rate 0.8 times from each layer to the one below',
    arguments: { layer_lr_decay: 0.8 },
  },
  'layer-decay-0.9': {
    about: 'learning rate 0.9 times from each layer to the one below',
    arguments: { layer_lr_decay: 0.9 },
  },
  'layer-decay-0.8-lr-3e-4': {
    about: 'learning rate 3e-4 after a warm-up, 0.8 times from each layer to the one below',
    arguments: { layer_lr_decay: 0.8, learning_rate: 3e-4, warmup_ratio: 0.06 },
  },
  // The costs of the averages, of three layers and of teachers have not been measured yet.
  'average-0.99': { about: 'moving average of the weights, decay 0.99', arguments: { ema_decay: 0.99 } },
  'average-0.999': { about: 'moving average of the weights, decay 0.999', arguments: { ema_decay: 0.999 } },
  'average-constant': {
    about: 'moving average of the weights, decay 0.995, at a constant learning rate of 1e-4',
    arguments: { ema_decay: 0.995, lr_scheduler_type: 'constant', learning_rate: 1e-4 },
  },
  'layers-0-2-4': { about: 'three of the six layers', arguments: { init_layers: [0, 2, 4] } },
  taught: { about: 'half of the loss from a baseline with another seed', teacher: 'baseline' },
  'layers-0-2-4-taught': {
    about: 'three of the six layers, half of the loss from a baseline with another seed',
    arguments: { init_layers: [0, 2, 4] },
    teacher: 'baseline',
  },
  'freeze-embeddings': { about: 'embeddings frozen', arguments: { freeze_embeddings: true }, cost: 0.92 },
  'freeze-2': {
    about: 'embeddings and the two lowest layers frozen',
    arguments: { freeze_layers: 2 },
    cost: 0.64,
  },
}
