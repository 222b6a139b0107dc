import { z } from 'zod'
import type { ModelOptions } from '../hub/models.ts'
import { callback } from '../inference/answer-options.ts'
import type { LoadOptions } from '../inference/pretrained.ts'
import type { Engine } from '../runtime/engine.ts'
import type { EngineName } from '../runtime/engines.ts'
import { anObject, type SchemasOf } from './check-options.ts'
import type { Warn } from './warn.ts'

export interface FromPretrainedOptions extends Omit<LoadOptions, 'engine'>, Omit<ModelOptions, 'weights'> {
  /** What computes: ONNX Runtime unless given; with bf16, OpenVINO. `auto` measures. */
  readonly engine?: Engine | EngineName | 'auto'
  /** `cpu`, or a device of OpenVINO's, as `openvino:GPU`. */
  readonly device?: string
  /** Told about weights that the checkpoint does not hold; on standard error unless given. `() => {}` is silent. */
  readonly onWarning?: Warn
}

export const FROM_PRETRAINED = z
  .strictObject({
    engine: z.union([z.string() as z.ZodType<EngineName | 'auto'>, anObject<Engine>('')], 'an engine or its name'),
    device: z.string(),
    bf16: z.boolean(),
    seed: z.number(),
    ignore_mismatched_sizes: z.boolean(),
    onWarning: callback<Warn>(),
    revision: z.string(),
    offline: z.boolean(),
    token: z.string(),
    endpoint: z.string(),
    cache: z.string(),
    onProgress: callback<NonNullable<ModelOptions['onProgress']>>(),
    onNotice: callback<NonNullable<ModelOptions['onNotice']>>(),
    retry: anObject<NonNullable<ModelOptions['retry']>>('an object'),
    timeout: z.number(),
    signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal'),
  } satisfies SchemasOf<FromPretrainedOptions>)
  .partial()
