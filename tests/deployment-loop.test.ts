import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { PassageDetail, PassageList } from '../src/annotate/http/contract.ts'
import type { AnswerResponse } from '../src/server/http/contract.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import { spanforge } from './cli.ts'
import { read } from './source-tree.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull } from './thorough.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

const section = /## The loop after deployment([\s\S]*?)\n## /.exec(read('docs/annotate.md'))![1]
const commands = /```sh\n([\s\S]*?)```/.exec(section)![1].trim().split('\n')
/** The commands of the section, with a model that need not be trained first. */
const argvOf = (command: string) => command.replace(/ out /, ` tiny=${tinyFolder} `).split(' ').slice(2)

const headers = { 'content-type': 'application/json' }
const posted = async <T>(address: string, body: object): Promise<T> =>
  (await (await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as T
const fetched = async <T>(address: string): Promise<T> => (await (await fetch(address)).json()) as T

/** Runs a command that serves until `use` resolves. */
async function serving(argv: readonly string[], cwd: string, use: (address: string) => Promise<void>): Promise<void> {
  let failure: unknown
  const meanwhile = (child: ChildProcess) => {
    let said = ''
    child.stdout!.on('data', async (chunk) => {
      said += chunk
      const [, address] = /"address": "([^"]+)"[\s\S]*}/.exec(said) ?? []
      if (!address) return
      said = ''
      await use(address).catch((error) => {
        failure = error
      })
      child.kill('SIGTERM')
    })
  }
  const { code, stderr } = await spanforge([...argv, '--port', '0', '--json'], { cwd, meanwhile })
  if (failure) throw failure
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
}

itInFull(
  'leads from a served model to one that is trained on corrected answers, as docs/annotate.md says',
  async () => {
    const cwd = temporaryFolder()
    const [serve, annotate, write, train] = commands
    const asked = tinyExamples(6)
    const ask = (from: number, to: number) =>
      serving(argvOf(serve), cwd, async (address) => {
        for (const { question, context } of asked.slice(from, to))
          await posted<AnswerResponse>(`${address}api/answer`, { question, context })
      })
    const annotateAll = (expected: number) =>
      serving(argvOf(annotate), cwd, async (address) => {
        const list = await fetched<PassageList>(`${address}api/passages?annotator=ann&order=certainty&show=unanswered`)
        const certainties = list.passages.map(({ certainty }) => certainty!)
        expect(certainties).toEqual([...certainties].sort((a, b) => a - b))
        let answered = 0
        for (const { id } of list.passages) {
          const { questions } = await fetched<PassageDetail>(`${address}api/passages/${id}?annotator=ann`)
          for (const { id, question, suggestion } of questions) {
            const { answers } = asked.find((one) => one.question === question)!
            const action = { type: 'answer', id, annotator: 'ann', answers, suggestion, outcome: 'corrected' }
            await posted(`${address}api/actions`, action)
            answered++
          }
        }
        expect(answered).toBe(expected)
      })
    await ask(0, 4)
    await annotateAll(4)
    // The log grows. What has been annotated stays as it is.
    await ask(2, 6)
    await annotateAll(2)

    expect(await spanforge(argvOf(write), { cwd })).toMatchObject({ code: 0 })
    const examples = parseSquad(readFileSync(join(cwd, 'corrected.json'), 'utf8'), 'corrected.json')
    const labels = (list: readonly { question: string; answers: readonly unknown[] }[]) =>
      list.map(({ question, answers }) => [question, answers]).sort()
    expect(labels(examples)).toEqual(labels(asked))

    const small = ['--num_train_epochs', '1', '--max_seq_length', '64', '--doc_stride', '16']
    const argv = [...argvOf(train).map((one) => one.replace('tiny=', '')), ...small]
    expect(await spanforge(argv, { cwd })).toMatchObject({ code: 0 })
    await serving(
      argvOf(serve.replace('out', 'better')).map((one) => one.replace(`tiny=${tinyFolder}`, 'better')),
      cwd,
      async (address) => {
        const [{ question, context }] = asked
        const { answers } = await posted<AnswerResponse>(`${address}api/answer`, { question, context })
        expect(answers[0].answer).toEqual(expect.any(String))
      },
    )
  },
  120_000,
)
