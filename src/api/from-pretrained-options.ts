import { z } from 'zod'
import type { ModelOptions } from '../hub/download/models.ts'
import { callback } from '../inference/answer-options.ts'
import type { LoadOptions } from '../inference/pretrained.ts'
import type { Engine } from '../runtime/engine.ts'
import type { EngineName } from '../runtime/registry.ts'
import { anObject, type SchemasOf } from './check-options.ts'
import { hubOption } from './option-schemas.ts'

export interface FromPretrainedOptions extends Omit<LoadOptions, 'engine'>, Omit<ModelOptions, 'weights' | 'dtype'> {
  /**
   * The engine to compute with, or its name (see docs/engines.md). The default is the engine that comes with spanforge;
   * with bf16, fp16 or the device of another engine, one that supports it. `auto` times a small step on each engine and
   * uses the fastest.
   */
  readonly engine?: Engine | EngineName | 'auto'
  /**
   * `cpu`, or a device that belongs to an engine, as listed by `spanforge doctor` (default: with `auto`, bf16 or
   * fp16 the fastest, otherwise `cpu`, or the engine's own if it does not support `cpu`).
   */
  readonly device?: string
  /** Receives warnings about missing weights (default: writes them to standard error). `() => {}` disables them. */
  readonly onWarning?: Warn
}

export const FROM_PRETRAINED = z
  .strictObject({
    engine: z.union([z.string() as z.ZodType<EngineName | 'auto'>, anObject<Engine>('')], 'an engine or its name'),
    device: z.string(),
    bf16: z.boolean(),
    fp16: z.boolean(),
    seed: z.number(),
    init_layers: z.array(z.number()),
    ignore_mismatched_sizes: z.boolean(),
    onWarning: callback<Warn>(),
    ...hubOption,
    revision: z.string(),
  } satisfies SchemasOf<FromPretrainedOptions>)
  .partial()

export type Warn = (message: string) => void

export const toStandardError: Warn = (message) => void process.stderr.write(`${message}\n`)
