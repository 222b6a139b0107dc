/** Answers of the Python pipeline for one model whose tokenizers name different special tokens. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flags } from '../../tests/cli.ts'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { tinyService } from '../../tests/tiny-service.ts'
import type { PipelineAnswer } from '../squad/python/pipeline-answers.ts'
import { pipeline } from './pipeline.ts'

interface RecordedCall {
  readonly question: string
  readonly options: { readonly top_k?: number; readonly handle_impossible_answer?: true }
  readonly answers: readonly PipelineAnswer[]
}

interface RecordedFolder {
  readonly name: string
  readonly tokenizer_config: object
  readonly calls: readonly RecordedCall[]
}

const { context, folders } = fixtureJson<{ context: string; folders: readonly RecordedFolder[] }>(
  'postprocess/pipeline-folder/answers.json',
)

function makeFolder({ tokenizer_config }: RecordedFolder): string {
  const folder = temporaryFolder()
  cpSync(fixture('postprocess/pipeline-folder'), folder, { recursive: true })
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizer_config))
  return folder
}

const rounded = (answers: readonly PipelineAnswer[]) =>
  answers.map(({ answer, start, end, score }) => ({ answer, start, end, score: expect.closeTo(score, 6) }))

test.each(folders.map((folder) => [folder.name, folder] as const))('%s', async (_, recorded) => {
  const ask = await pipeline('question-answering', makeFolder(recorded))
  for (const { question, options, answers } of recorded.calls) {
    const found = [await ask(question, context, options)].flat()
    expect(found, JSON.stringify({ question, options })).toEqual(rounded(answers))
  }
  await ask.dispose()
})

test('predict and the HTTP service return the same answers as the pipeline', async () => {
  const recorded = folders.find(({ name }) => name === 'no cls_token')!
  const folder = makeFolder(recorded)
  const { question, options, answers } = recorded.calls.find(
    ({ question, options }) => question.startsWith('  ') && options.handle_impossible_answer && options.top_k === 3,
  )!
  const [input, output] = [join(folder, 'questions.jsonl'), join(folder, 'answers.jsonl')]
  writeFileSync(input, `${JSON.stringify({ id: 'q', question, context })}\n`)
  const asked = { model: folder, input, output, postprocess: 'pipeline', ...options }
  const { code, stderr } = await runHere('predict', ...flags(asked))
  expect(code, stderr).toBe(0)
  const { answers: predicted } = JSON.parse(readFileSync(output, 'utf8')) as { answers: PipelineAnswer[] }
  expect(predicted.map(({ answer, start, end, score }) => ({ answer, start, end, score }))).toEqual(rounded(answers))

  const service = await tinyService({ folders: [`it=${folder}`] })
  const payload = { inputs: { question, context }, parameters: options }
  const response = await service.app.inject({ method: 'POST', url: '/models/it', payload })
  expect(response.statusCode, response.body).toBe(200)
  const texts = answers.map(({ answer, score }) => ({ answer, score: expect.closeTo(score, 6) }))
  expect(response.json()).toMatchObject(texts)
  await service.close()
})
