/** How a model is loaded, in the languages of its likely users. */
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
      'With spanforge, on the command line:',
      'bash',
      `npx spanforge answer --model ${repository} --question "Who wrote it?" --context-file text.txt`,
    ),
    code(
      'With spanforge, in TypeScript:',
      'ts',
      `import { pipeline } from 'spanforge'

const answerer = await pipeline('question-answering', '${repository}')
console.log(await answerer({ question: 'Who wrote it?', context: 'It was written by Ada.' }))`,
    ),
  ]
  const inBrowser = code(
    'With transformers.js:',
    'js',
    `import { pipeline } from '@huggingface/transformers'

const answerer = await pipeline('question-answering', '${repository}')
console.log(await answerer('Who wrote it?', 'It was written by Ada.'))`,
  )
  const missing = 'transformers.js loads `onnx/model.onnx`: export the model once and add that file.'
  return [...blocks, inBrowser, ...(hasOnnx ? [] : [missing])].join('\n\n')
}

const code = (title: string, language: string, lines: string): string =>
  `${title}\n\n\`\`\`${language}\n${lines}\n\`\`\``
