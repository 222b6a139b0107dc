import { z } from 'zod'
import { argument, boolean } from '../argument-field.ts'

export const engineArguments = {
  engine: argument(
    'choice',
    z.enum(['auto', 'onnxruntime', 'openvino']).nullable().default(null),
    'one of auto, onnxruntime, openvino',
    'What computes: onnxruntime unless bf16 is asked for, which OpenVINO alone can do. auto times a small step on each, ' +
      'takes the faster, and says so; a run that is resumed stays with what it began on.',
  ),
  device: argument(
    'text',
    z.string().min(1).default('cpu'),
    'cpu, or openvino: and a device such as GPU',
    'What to compute on: cpu, or a device that OpenVINO finds, as openvino:GPU.',
  ),
  fp16: boolean('float16: refused, since no engine here trains in it.'),
  bf16: boolean(
    'Multiply in bfloat16, on processors that can (AVX512_BF16, AMX), in training and evaluation. Weights, gradients ' +
      'and moments stay float32.',
  ),
  bf16_full_eval: boolean('Evaluate in bfloat16, whatever training computes in.'),
}
