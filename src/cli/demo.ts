import { Command } from 'commander'
import type { Demo, DemoAnswer } from '../runs/train/demo.ts'
import { type DashboardFlags, hostOption, portOption, withDashboard } from './dashboard-flags.ts'
import { catchInterrupts } from './interrupts.ts'
import { createOutput, type Output } from './output.ts'
import { isWatched, serveDemo } from './serve-demo.ts'

const QUESTIONS = 5

const OPENING = `spanforge fine-tunes a BERT to find answers in a text. What follows is a whole run, in small: a BERT of
under a million parameters, pretrained on text that this project makes up, learns to answer questions about
people, firms and towns that it also makes up. Two to five minutes on two cores.`

const CLOSING = `
The same on a real model and real data is one command; everything else in it is as above:

  npx spanforge train --preset notebook --output_dir bert-qa

That is bert-base-uncased on the first 3,000 questions of SQuAD, both fetched from the hub by their names.
npx spanforge --help shows the rest.`

interface DemoFlags extends DashboardFlags {
  readonly output_dir: string
  readonly json?: boolean
  readonly serve?: boolean
}

/** `spanforge demo`, which is `npm start`: the main job on data that comes with the package. */
export function demoCommand(): Command {
  return new Command('demo')
    .option('--output_dir <folder>', 'where data and run go; an earlier demonstration there is replaced', 'runs/demo')
    .option('--json', 'print the contents of all_results.json on standard output, and nothing else there')
    .option('--serve', 'at the end serve a page to ask the model on; so it does where a person watches, but for --json')
    .option('--no-serve', 'end after the run')
    .option('--no-dashboard', 'train without the page to watch it in')
    .addOption(portOption('--dashboard_port'))
    .addOption(hostOption('--dashboard_host'))
    .action(async ({ output_dir, json, serve, ...flags }: DemoFlags) => {
      const output = createOutput(json === true)
      output.print(OPENING)
      const { busyNote, inspectMachine } = await import('../runs/doctor/machine.ts')
      const busy = busyNote(inspectMachine())
      if (busy) output.print(`Now it will take longer: in the last minute, ${busy}.`)
      const { fineTune } = await import('../runs/index.ts')
      const { prepareDemo } = await import('../runs/train/demo.ts')
      const interrupts = catchInterrupts(() =>
        output.print('Finishing the step and saving. Once more (Ctrl-C) leaves at once.'),
      )
      try {
        const demo = await prepareDemo(output_dir)
        const outcome = await withDashboard(flags, demo.args, { output, interrupts }, (options) =>
          fineTune(demo.args, options),
        )
        if (outcome.status === 'interrupted') {
          output.print(`Stopped after step ${outcome.global_step}. The same command begins anew.`)
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
  const { askDemo } = await import('../runs/train/demo.ts')
  output.print('\nQuestions that the model has never seen, about people and places it has never heard of:')
  for await (const answer of askDemo(demo, QUESTIONS)) output.print(asText(answer))
}

function asText({ example, answer, confidence }: DemoAnswer): string {
  const expected = example.answers.map(({ text }) => text)
  const verdict = expected.includes(answer) ? 'right' : `expected: ${expected[0]}`
  return `\n  ${excerpt(example)}\n  ${example.question}\n  -> ${answer}  (${confidence === null ? '' : `${(100 * confidence).toFixed(0)} % likely right; `}${verdict})`
}

/** The context, or what stands around the answer where it is long. */
function excerpt({ context, answers: [gold] }: DemoAnswer['example']): string {
  const [from, to] = [Math.max(0, gold.answer_start - 200), gold.answer_start + gold.text.length + 100]
  return `${from > 0 ? '...' : ''}${context.slice(from, to)}${to < context.length ? '...' : ''}`
}
