import { type Command, Option } from 'commander'
import { EXPORT_DTYPES } from '../../checkpoint/onnx-folder.ts'
import type { EngineChoice } from '../../runs/load/choose-engine.ts'
import { deviceChoices, engineChoices } from '../../runtime/registry.ts'

export interface EngineFlags {
  readonly engine?: EngineChoice['engine']
  readonly device?: string
  readonly bf16?: boolean
  readonly fp16?: boolean
  readonly dtype?: string
}

/** Adds the engine flags, shared by all commands that run a model for inference. */
export function withEngineFlags(command: Command): Command {
  const [, first] = engineChoices()
  const engine = new Option(
    '--engine <name>',
    `inference engine; auto selects the fastest (default: ${first}, or one that supports --bf16, --fp16 or --device)`,
  )
  return command
    .addOption(engine.choices(engineChoices()))
    .option('--device <name>', `${deviceChoices()} (default: cpu, or with auto, --bf16 or --fp16 the fastest)`)
    .option('--bf16', 'multiply in bfloat16; requires a CPU with AVX512_BF16 or AMX')
    .option('--fp16', 'multiply in float16; requires a graphics card with shader-f16')
    .option(
      '--dtype <name>',
      `variant of an exported model: ${EXPORT_DTYPES.join(', ')} (default: the original weights)`,
    )
}

export const engineChoice = ({ engine, device, bf16, fp16, dtype }: EngineFlags): EngineChoice => ({
  engine,
  device,
  bf16,
  fp16,
  dtype,
})
