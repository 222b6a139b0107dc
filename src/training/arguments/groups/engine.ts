import { z } from 'zod'
import { deviceChoices, type EngineName, engineChoices } from '../../../runtime/registry.ts'
import { argument, boolean, choice } from '../argument-field.ts'

const [, first] = engineChoices()
const engine: z.ZodType<EngineName> = z.enum(engineChoices())

export const engineArguments = {
  engine: argument(
    'choice',
    engine.nullable().default(null),
    `one of ${engineChoices().join(', ')}`,
    'Engine to compute with. auto measures a small step on each engine, then uses the fastest one and reports it. A resumed run ' +
      `keeps its engine. (default: ${first}, or one that supports bf16, fp16 or the device if that is required)`,
  ),
  device: argument(
    'text',
    z.string().min(1).nullable().default(null),
    deviceChoices(),
    'Device to compute on. A device that belongs to an engine selects that engine. (default: the fastest with engine ' +
      "auto, bf16 or fp16, otherwise cpu, or the engine's own device if it does not support cpu) For several processes on a " +
      'host: one device for each, separated by commas, which the processes take in turn.',
  ),
  reduce_dtype: choice(
    ['float32', 'bf16'],
    'float32',
    'With several processes (mpirun), the precision in which gradients travel between them. bf16 halves the traffic; the ' +
      'gradients are still added in float32.',
  ),
  fp16: argument(
    'boolean',
    z.boolean().nullable().default(false),
    'true, false, or null to use it where the device supports it',
    'Use float16 in matrix products for training and evaluation, with dynamic loss scaling; requires a graphics card with ' +
      'shader-f16. Weights, gradients and moments remain in float32.',
  ),
  bf16: boolean(
    'Use bfloat16 in matrix products for training and evaluation; requires AVX512_BF16 or AMX. Weights, gradients ' +
      'and moments remain in float32.',
  ),
  bf16_full_eval: boolean('Evaluate in bfloat16, even if training does not use it.'),
}
