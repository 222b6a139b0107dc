import type { ExportedVariant } from './plan-variants.ts'

export interface ExportCardFacts {
  /** Display name of the model. */
  readonly name: string
  readonly model_type: string
  readonly variants: readonly ExportedVariant[]
  /** The model card to extend. */
  readonly existing?: string
}

const [BEGIN, END] = ['<!-- ONNX files, written by spanforge export -->', '<!-- end of ONNX files -->']

/** Returns a model card with a section about the ONNX files, which replaces one written by an earlier export. */
export function exportCard({ name, model_type, variants, existing }: ExportCardFacts): string {
  const section = `${BEGIN}\n${onnxSection(name, variants)}\n${END}\n`
  const text = existing ?? newCard(name, model_type)
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section}`
  return text.slice(0, from) + section + text.slice(to + END.length).replace(/^\n/, '')
}

const newCard = (name: string, model_type: string): string => `---
library_name: transformers.js
pipeline_tag: question-answering
tags:
- question-answering
- extractive-qa
- ${model_type}
- onnx
- transformers.js
- spanforge
---

# ${name}

A model for extractive question answering: it finds the answer to a question in a text.
`

const MEANINGS: Readonly<Record<ExportedVariant['dtype'], string>> = {
  fp32: 'float32, the weights of the model',
  fp16: 'float16. On WebGPU, the adapter must support `shader-f16`',
  q8: 'weights of 8 bits in blocks of 32 (MatMulNBits), the default of transformers.js in WASM',
  int8: 'products of 8-bit integers, quantized while they are computed. An answer depends slightly on the other rows of its batch; compute windows one by one for reproducible answers',
  uint8: 'as int8 with unsigned weights, for x86 processors without VNNI. It depends on the batch in the same way',
  q4: 'weights of 4 bits in blocks of 32 (MatMulNBits)',
  q4f16: 'weights of 4 bits in blocks of 32, computed in float16. On WebGPU, the adapter must support `shader-f16`',
}

function onnxSection(name: string, variants: readonly ExportedVariant[]): string {
  const rows = variants.map(
    ({ dtype, file, bytes }) => `| ${dtype} | \`${file}\` | ${(bytes / 1e6).toFixed(1)} | ${MEANINGS[dtype]} |`,
  )
  return `
## ONNX

| dtype | file | MB | |
| --- | --- | --- | --- |
${rows.join('\n')}

${usage(name, variants)}
`
}

function usage(name: string, variants: readonly ExportedVariant[]): string {
  const [first] = variants
  if (!first) return ''
  return `With transformers.js:

\`\`\`js
import { pipeline } from '@huggingface/transformers'

const answerer = await pipeline('question-answering', '${name}', { dtype: '${first.dtype}' })
console.log(await answerer('Who wrote it?', 'It was written by Ada.'))
\`\`\`

With ONNX Runtime in Python:

\`\`\`python
import onnxruntime
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${name}")
session = onnxruntime.InferenceSession("${name}/${first.file}")
inputs = tokenizer("Who wrote it?", "It was written by Ada.", return_tensors="np")
start_logits, end_logits = session.run(["start_logits", "end_logits"], dict(inputs))
print(tokenizer.decode(inputs["input_ids"][0, start_logits[0].argmax() : end_logits[0].argmax() + 1]))
\`\`\`

With Optimum:

\`\`\`python
from optimum.onnxruntime import ORTModelForQuestionAnswering
from transformers import AutoTokenizer, pipeline

model = ORTModelForQuestionAnswering.from_pretrained("${name}", subfolder="onnx", file_name="${first.file.slice('onnx/'.length)}")
answerer = pipeline("question-answering", model=model, tokenizer=AutoTokenizer.from_pretrained("${name}"))
print(answerer(question="Who wrote it?", context="It was written by Ada."))
\`\`\``
}
