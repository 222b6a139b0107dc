import { join } from 'node:path'
import { Command } from 'commander'
import { STARTER, STARTER_ABOUT, starterFolder } from '../../checkpoint/starter-model.ts'
import { UsageError } from '../../errors.ts'
import type { ModelSource } from '../../runs/load/model-sources.ts'
import type { Demo, DemoAnswer } from '../../runs/train/demo.ts'
import { SERVER_DEFAULTS } from '../../server/defaults.ts'
import { type DashboardFlags, hostOption, portOption, withDashboard } from '../flags/dashboard.ts'
import { serverLog } from '../flags/serve.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'

const QUESTIONS = 5

const OPENING = `spanforge fine-tunes BERT to find answers in texts. This is a small end-to-end example: a BERT with fewer
than a million parameters, pretrained on generated text, learns to answer questions about invented people,
firms and towns. It takes two to five minutes on two cores.`

const CLOSING = `
To train a real model on real data in the same way, run:

  npx spanforge train --preset notebook --output_dir bert-qa

It fine-tunes bert-base-uncased on the first 3,000 questions of SQuAD, both downloaded from the hub.
Run npx spanforge --help for all commands.`

const DETAILS = `
This is what npm start runs in a clone of the repository.

Examples:
  spanforge demo
  spanforge demo --output_dir demo --no_serve
`

interface DemoFlags extends DashboardFlags {
  readonly output_dir: string
  readonly json?: boolean
  readonly serve?: boolean
}

/** `spanforge demo`, also run by `npm start`: trains a small model on generated data. */
export function demoCommand(): Command {
  return new Command('demo')
    .option('--output_dir <folder>', 'output folder; replaces an earlier demo in it', 'runs/demo')
    .option('--json', 'print only the contents of all_results.json to standard output')
    .option(
      '--serve',
      'serve the model in a web page after the run (default: in an interactive terminal without --json)',
    )
    .option('--no-serve', 'exit after the run')
    .option('--no-dashboard', 'train without the dashboard')
    .addOption(portOption('--dashboard_port'))
    .addOption(hostOption('--dashboard_host'))
    .addHelpText('after', DETAILS)
    .action(async ({ output_dir, json, serve, ...flags }: DemoFlags) => {
      const output = createOutput(json === true)
      output.print(OPENING)
      const { busyNote, inspectMachine } = await import('../../runs/machine.ts')
      const busy = busyNote(inspectMachine())
      if (busy) output.print(`It will take longer now: in the last minute, ${busy}.`)
      const { fineTune } = await import('../../runs/train/fine-tune.ts')
      const { prepareDemo } = await import('../../runs/train/demo.ts')
      const interrupts = catchInterrupts(() =>
        output.print('Finishing the step and saving. Press Ctrl-C again to quit immediately.'),
      )
      try {
        const demo = await prepareDemo(output_dir)
        const outcome = await withDashboard(flags, demo.args, { output, interrupts }, (options) =>
          fineTune(demo.args, options),
        )
        if (outcome.status === 'interrupted') {
          output.print(`Stopped after step ${outcome.global_step}. Run the same command again to start over.`)
          process.exitCode = interrupts.exitCode()
          return
        }
        await showAnswers(demo, output)
        output.print(CLOSING)
        output.result(outcome.results)
      } finally {
        interrupts.release()
      }
      if (serve ?? (output.forPeople && isWatched())) await serveDemo(output_dir, output)
    })
}

async function showAnswers(demo: Demo, output: Output): Promise<void> {
  const { askDemo } = await import('../../runs/train/demo.ts')
  output.print('\nQuestions about people and places that were not in the training data:')
  for await (const answer of askDemo(demo, QUESTIONS)) output.print(asText(answer))
}

function asText({ example, answer, confidence }: DemoAnswer): string {
  const expected = example.answers.map(({ text }) => text)
  const verdict = expected.includes(answer) ? 'right' : `expected: ${expected[0]}`
  return `\n  ${excerpt(example)}\n  ${example.question}\n  -> ${answer}  (${confidence === null ? '' : `${(100 * confidence).toFixed(0)} % likely right; `}${verdict})`
}

/** The context, shortened to the surroundings of the answer if it is long. */
function excerpt({ context, answers: [gold] }: DemoAnswer['example']): string {
  const [from, to] = [Math.max(0, gold.answer_start - 200), gold.answer_start + gold.text.length + 100]
  return `${from > 0 ? '...' : ''}${context.slice(from, to)}${to < context.length ? '...' : ''}`
}

/** Whether the terminal is interactive. */
export const isWatched = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true && !process.env.CI

/** The last step of `npm start`: serves the trained model in a web page until Ctrl-C. */
export async function serveDemo(folder: string, output: Output): Promise<void> {
  const { startServer } = await import('../../server/server.ts')
  const { serveUntilInterrupted } = await import('./serve.ts')
  const options = { ...SERVER_DEFAULTS, log: await serverLog({ log_level: 'warn' }) }
  const models = servedModels(join(folder, 'run'))
  const server = await startServer(models, options).catch((error) => {
    // The default port is in use, perhaps by another demo.
    if (error instanceof UsageError) return startServer(models, { ...options, port: 0 })
    throw error
  })
  await serveUntilInterrupted(server, output, () => output.print(invitation(server.address, models)))
}

/** The starter model, if there is one, comes first: it answers questions about any text that a newcomer pastes. */
function servedModels(trained: string): ModelSource[] {
  const starter = starterFolder()
  return [
    ...(starter === undefined ? [] : [{ id: STARTER, source: starter, about: STARTER_ABOUT }]),
    { id: 'demo', source: trained, about: 'just trained; knows only texts about invented people, firms and towns' },
  ]
}

function invitation(address: string, models: readonly ModelSource[]): string {
  const page = `Open this page in a browser:\n\n  ${address}\n\n`
  const again = (what: string) => `Press Ctrl-C to stop. To serve ${what} again: npx spanforge serve`
  if (models.length === 1)
    return `\nAsk the model your own questions and correct its mistakes. ${page}${again('it')} ${models[0].source}`
  const lines = models.map(({ id, about }) => `  ${id}: ${about}\n`)
  return (
    `\nAsk questions about your own texts and correct wrong answers. ${page}` +
    `Choose there which of two models answers, or compare them:\n${lines.join('')}\n` +
    `${again('them')} ${models.map(({ id, source }) => (id === STARTER ? id : `${id}=${source}`)).join(' ')}`
  )
}
