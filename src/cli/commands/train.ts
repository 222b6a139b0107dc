import { Command } from 'commander'
import { setQuiet } from '../../runs/screen/live-bar.ts'
import { type DashboardFlags, withDashboardFlags } from '../flags/dashboard.ts'
import { shownCommand } from '../flags/shown-command.ts'
import { trainingArgumentsOf, withTrainingFlags } from '../flags/training.ts'
import { trainOnRank } from '../flags/training-run.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { withRanks } from '../terminal/with-ranks.ts'

interface OwnFlags extends DashboardFlags {
  readonly args_file?: string
  readonly preset?: string
  readonly json?: boolean
  readonly offline?: boolean
}

const EXAMPLES = `
Examples:
  Repeat the run of the notebook: bert-base-uncased, 3,000 questions of SQuAD:
    spanforge train --preset notebook --output_dir out

  Evaluate and save after each epoch, and keep the best model:
    spanforge train --model bert-base-uncased --dataset squad \\
      --max_train_samples 3000 --output_dir out --num_train_epochs 3 \\
      --per_device_train_batch_size 16 --learning_rate 3e-5 \\
      --eval_strategy epoch --save_strategy epoch --load_best_model_at_end

  Read arguments from a JSON or YAML file; flags override it:
    spanforge train --args_file arguments.yaml --seed 43

  Watch the run in a web page, whose address is printed first:
    spanforge train --args_file arguments.yaml --dashboard

  Resume an interrupted run exactly where it stopped, with the same arguments:
    spanforge train --output_dir out --resume_from_checkpoint latest
`

/** `spanforge train`: fine-tunes a model for question answering. */
export function trainCommand(): Command {
  const withOwn = (command: Command) =>
    withDashboardFlags(command.option('--json', 'print only the contents of all_results.json to standard output'))
  return withTrainingFlags(new Command('train'), withOwn)
    .addHelpText('after', EXAMPLES)
    .action((given: OwnFlags & Record<string, unknown>, command: Command) =>
      train(given, trainingArgumentsOf(given), createOutput(given.json === true), shownCommand(command)),
    )
}

async function train(flags: OwnFlags, given: Record<string, unknown>, output: Output, command: string): Promise<void> {
  const { readArguments } = await import('../../runs/train/read-arguments.ts')
  const args = await readArguments(given, flags)
  if (args.disable_tqdm) setQuiet(true)
  await withRanks((ranks) => trainOnRank({ flags, args, output, command, name: 'train' }, ranks))
}
