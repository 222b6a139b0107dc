import { type Command, Option } from 'commander'
import type { EngineChoice } from '../runs/load/choose-engine.ts'
import { deviceChoices, engineChoices } from '../runtime/registry.ts'

export interface EngineFlags {
  readonly engine?: EngineChoice['engine']
  readonly device?: string
  readonly bf16?: boolean
}

/** What computes: the flags of every command that loads a model to read with it. */
export function withEngineFlags(command: Command): Command {
  const [, first] = engineChoices()
  const engine = new Option(
    '--engine <name>',
    `engine that computes; auto measures (default: ${first}; with --bf16 or a device of its own, one that has it)`,
  )
  return command
    .addOption(engine.choices(engineChoices()))
    .option('--device <name>', `${deviceChoices()} (default: cpu, or with auto or --bf16 the fastest)`)
    .option('--bf16', 'multiply in bfloat16, on processors that can (AVX512_BF16, AMX)')
}

export const engineChoice = ({ engine, device, bf16 }: EngineFlags): EngineChoice => ({ engine, device, bf16 })
