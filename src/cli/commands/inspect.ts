import { Command } from 'commander'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { createOutput } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'

const DETAILS = `
It also lists the tensors that the model class expects but the weights lack, and
those that it does not use.

Examples:
  spanforge inspect out
  spanforge inspect bert-base-uncased
`

/** `spanforge inspect FOLDER`: shows the architecture of a model and its missing or unexpected tensors. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .argument('<folder>', 'model folder or hub name')
    .option('--json', 'print the result as JSON')
  return withHubFlags(command).addHelpText('after', DETAILS).action(inspect)
}

async function inspect(nameOrFolder: string, flags: HubFlags): Promise<void> {
  const { inspectModel } = await import('../../runs/inspect/inspect-model.ts')
  const { modelBlocks } = await import('../../report/blocks/opening.ts')
  const output = createOutput(flags.json === true)
  const { facts, parameters, report, files, hasTokenizer } = await withHubProgress(
    'Downloading',
    flags,
    output,
    (hub) => inspectModel(nameOrFolder, { ...hub, revision: flags.revision }),
  )
  if (output.forPeople) terminalScreen(output).show(modelBlocks(facts))
  if (files.length === 0) output.print('No weights found; this information is from config.json.')
  if (!hasTokenizer)
    output.print('No tokenizer found; the model cannot be trained or used without tokenizer.json or vocab.txt.')
  const { architecture, num_hidden_layers, hidden_size, num_attention_heads, vocab_size } = facts
  const { missing, unexpected, mismatched } = report
  output.result({
    name: facts.name,
    architecture,
    parameters,
    layers: num_hidden_layers,
    hidden_size,
    num_attention_heads,
    vocab_size,
    files,
    has_tokenizer: hasTokenizer,
    missing,
    unexpected,
    mismatched,
  })
}
