import { z } from 'zod'
import { argument, boolean } from '../argument-field.ts'

export const engineArguments = {
  engine: argument(
    'choice',
    z.enum(['auto', 'onnxruntime', 'openvino']).nullable().default(null),
    'one of auto, onnxruntime, openvino',
    'Engine to compute with. auto times a small step on each, uses the faster one and reports the choice. A resumed run ' +
      'keeps its engine. (default: onnxruntime, or openvino with bf16, which only OpenVINO supports)',
  ),
  device: argument(
    'text',
    z.string().min(1).default('cpu'),
    'cpu, or openvino: and a device such as GPU',
    'Device to compute on: cpu, or a device that OpenVINO finds, such as openvino:GPU.',
  ),
  fp16: boolean('Train in float16. Not supported: no engine can do this.'),
  bf16: boolean(
    'Multiply in bfloat16 in training and evaluation; requires a processor with AVX512_BF16 or AMX. Weights, gradients ' +
      'and moments stay in float32.',
  ),
  bf16_full_eval: boolean('Evaluate in bfloat16, even if training does not use it.'),
}
