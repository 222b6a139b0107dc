import { SpanforgeError } from '../errors.ts'
import { showList } from '../show-value.ts'

/** Listed in the order in which transformers looks for them. */
export const WEIGHT_FILES = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const

interface OtherWeights {
  readonly files: RegExp
  readonly what: string
  readonly remedy: string
}

const inPython = (argument: string): string =>
  `Convert them in Python: AutoModel.from_pretrained(FOLDER, ${argument}).save_pretrained(FOLDER).`
const original = 'These files are for inference only. Use the model from which they were exported.'

/** Weight formats that spanforge cannot read, the most helpful diagnosis first. */
const OTHERS: readonly OtherWeights[] = [
  {
    files: /^(model|pytorch_model)-\d+-of-\d+\.(safetensors|bin)$/,
    what: 'shards without their index',
    remedy: 'Download model.safetensors.index.json (or pytorch_model.bin.index.json) into the folder.',
  },
  {
    files: /^(model|pytorch_model)\.[\w-]+\.(safetensors|bin)$/,
    what: 'the weights of a variant',
    remedy: 'Rename the file to model.safetensors or pytorch_model.bin to use it.',
  },
  {
    files: /^adapter_model\.(safetensors|bin)$/,
    what: 'only the weights of a PEFT adapter',
    remedy: 'Merge it into its base model in Python: merge_and_unload(), then save_pretrained.',
  },
  {
    files: /^tf_model(-\d+-of-\d+)?\.h5(\.index\.json)?$/,
    what: 'TensorFlow weights',
    remedy: inPython('from_tf=True'),
  },
  {
    files: /\.ckpt(\.index|\.meta|\.data-\d+-of-\d+)?$/,
    what: 'a TensorFlow or PyTorch Lightning checkpoint',
    remedy: 'Load it in Python with the code that wrote it, and save the model with save_pretrained.',
  },
  { files: /^flax_model(-\d+-of-\d+)?\.msgpack/, what: 'Flax weights', remedy: inPython('from_flax=True') },
  {
    files: /\.onnx(_data)?$|^onnx$/,
    what: 'an ONNX export',
    remedy:
      'These files are for inference only: choose one with --dtype, or use the model from which they were exported.',
  },
  { files: /^openvino(_model\.(xml|bin))?$/, what: 'an OpenVINO export', remedy: original },
  { files: /\.(gguf|ggml)$/, what: 'weights for llama.cpp', remedy: original },
  { files: /\.(mlmodel|mlpackage|tflite|ot)$/, what: 'weights for another runtime', remedy: original },
  {
    files: /\.(pt|pth)$/,
    what: 'a torch.save file with an unknown name',
    remedy: 'If it holds a state dict, rename it to pytorch_model.bin.',
  },
]

/** Describes weights in unsupported formats among the given files, and how to convert them. */
export function otherWeights(
  names: readonly string[],
): { readonly found: string; readonly remedy: string } | undefined {
  for (const { files, what, remedy } of OTHERS) {
    const found = names.filter((name) => files.test(name))
    if (found.length > 0) return { found: `${what} (${showList(found, 3)})`, remedy }
  }
  return undefined
}

/** Builds the error for a folder without readable weights, describing what it contains instead. */
export function noWeights(folder: string, present: readonly string[]): SpanforgeError {
  const { found, remedy } = otherWeights(present) ?? {
    found: `no weights (${present.length > 0 ? showList(present) : 'the folder is empty'})`,
    remedy: 'Use a folder written by save_pretrained.',
  }
  return new SpanforgeError(`${folder}: found ${found}, expected one of ${WEIGHT_FILES.join(', ')}`, { remedy })
}
