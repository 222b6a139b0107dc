/** Compares ranks of one thread each with one process that has as many threads, in a Markdown table. See README.md. */
import { Command, Option } from 'commander'
import { decimal } from '../src/report/render/format.ts'
import { MODELS, titleOf } from './speed/models.ts'
import { measuring, timesOf } from './speed/start-ranks.ts'
import type { RankTimes } from './speed/time-ranks.ts'

interface Options {
  readonly models: readonly string[]
  readonly ranks: number
  readonly steps: number
  readonly rounds: number
  readonly mpirun: string
}

const WINDOWS = 16

const integer = (text: string): number => Math.max(1, Math.floor(Number(text)))

const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

const rateOf = (times: readonly RankTimes[]): number => {
  const seconds = times.flatMap(({ steps }) => steps)
  return (WINDOWS * seconds.length) / seconds.reduce((sum, one) => sum + one, 0)
}

await new Command('ranks')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder with the tokenizer')
  .addOption(new Option('--models <names...>', 'models').choices(MODELS).default(['bert-base', 'folder']))
  .option('--ranks <n>', 'number of ranks, and of threads of the process', integer, 2)
  .option('--steps <n>', `timed steps of ${WINDOWS} windows in each round`, integer, 3)
  .option('--rounds <n>', 'rounds, in which the process and the ranks take turns', integer, 2)
  .option('--mpirun <command>', 'launcher', 'mpirun --bind-to none')
  .action((train_file: string, folder: string, { models, ranks, steps, rounds, mpirun }: Options) => {
    console.log('| model | one process, windows/s | ranks, windows/s | of its rate | exchange, ms | in bfloat16, ms |')
    console.log('|---|--:|--:|--:|--:|--:|')
    for (const model of models) {
      const command = measuring({ train_file, folder, model, steps })
      const [together, apart]: [RankTimes[], RankTimes[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        together.push(timesOf(command, { SPANFORGE_THREADS: String(ranks) }))
        const started = [...mpirun.split(' '), '-n', String(ranks), ...command]
        apart.push(timesOf(started, { ...AS_ROOT, SPANFORGE_THREADS: '1' }))
      }
      const [whole, divided] = [rateOf(together), rateOf(apart)]
      const exchange = (dtype: 'float32' | 'bf16') =>
        decimal(Math.min(...apart.map((times) => times.exchange![dtype])) * 1000)
      const rates = `${decimal(whole)} | ${decimal(divided)} | ${decimal((100 * divided) / whole)} %`
      console.log(`| ${titleOf(model)} | ${rates} | ${exchange('float32')} | ${exchange('bf16')} |`)
    }
  })
  .parseAsync()
