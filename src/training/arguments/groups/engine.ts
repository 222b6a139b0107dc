import { z } from 'zod'
import { deviceChoices, type EngineName, engineChoices } from '../../../runtime/registry.ts'
import { argument, boolean } from '../argument-field.ts'

const [, first] = engineChoices()
const engine: z.ZodType<EngineName> = z.enum(engineChoices())

export const engineArguments = {
  engine: argument(
    'choice',
    engine.nullable().default(null),
    `one of ${engineChoices().join(', ')}`,
    'Engine to compute with. auto times a small step on each, uses the fastest one and reports the choice. A resumed run ' +
      `keeps its engine. (default: ${first}, or one that supports bf16 or the device if that is required)`,
  ),
  device: argument(
    'text',
    z.string().min(1).nullable().default(null),
    deviceChoices(),
    "Device to compute on. A device of an engine's own selects that engine. (default: with engine auto or bf16 the fastest, " +
      "otherwise cpu, or the engine's own if it has no other)",
  ),
  fp16: boolean('Train in float16. Not supported: no engine can do this.'),
  bf16: boolean(
    'Multiply in bfloat16 in training and evaluation; requires a processor with AVX512_BF16 or AMX. Weights, gradients ' +
      'and moments stay in float32.',
  ),
  bf16_full_eval: boolean('Evaluate in bfloat16, even if training does not use it.'),
}
