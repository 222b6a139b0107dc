/** Code samples that load the model with transformers, spanforge and, if there is an ONNX file, transformers.js. */
export function loadingBlocks(repository: string, hasOnnx: boolean): string {
  const blocks = [
    code(
      'With transformers:',
      'python',
      `from transformers import pipeline

answer = pipeline("question-answering", model="${repository}")
print(answer(question="Who wrote it?", context="It was written by Ada."))`,
    ),
    code(
      'With spanforge:',
      'bash',
      `spanforge answer --model ${repository} --question "Who wrote it?" --context_file text.txt`,
    ),
  ]
  const inBrowser = code(
    'With transformers.js:',
    'js',
    `import { pipeline } from '@huggingface/transformers'

const answerer = await pipeline('question-answering', '${repository}')
console.log(await answerer('Who wrote it?', 'It was written by Ada.'))`,
  )
  return [...blocks, ...(hasOnnx ? [inBrowser] : [])].join('\n\n')
}

const code = (title: string, language: string, lines: string): string =>
  `${title}\n\n\`\`\`${language}\n${lines}\n\`\`\``
