import { type Command, Option } from 'commander'
import type { EngineChoice } from '../runs/choose-engine.ts'

export interface EngineFlags {
  readonly engine?: EngineChoice['engine']
  readonly device: string
  readonly bf16?: boolean
}

/** What computes: the flags of every command that loads a model to read with it. */
export const withEngineFlags = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--engine <name>',
        'what computes; auto measures (default: onnxruntime, with --bf16 openvino)',
      ).choices(['auto', 'onnxruntime', 'openvino']),
    )
    .option('--device <name>', 'cpu, or openvino: and a device such as GPU', 'cpu')
    .option('--bf16', 'multiply in bfloat16, on processors that can (AVX512_BF16, AMX)')

export const engineChoice = ({ engine, device, bf16 }: EngineFlags): EngineChoice => ({ engine, device, bf16 })
