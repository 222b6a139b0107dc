import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import { cannotRead } from '../files/binary-file.ts'
import { showList, showText } from '../show-value.ts'
import { otherWeights, WEIGHT_FILES } from './other-weights.ts'
import { isTokenizerFile } from './tokenizer-folder.ts'

/** Builds the error for a folder without config.json, describing what the folder contains instead. */
export async function missingConfig(folder: string): Promise<SpanforgeError> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) =>
    Promise.reject(noFolder(folder, error)),
  )
  const names = entries.map(({ name }) => name)
  const subfolders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const { found, remedy } = await contents(folder, names, subfolders)
  return new SpanforgeError(`${folder}: config.json is missing; found ${found}`, { remedy })
}

const CHOOSE = 'Use a model folder, such as the output_dir of a training run, or the name of a model on the hub.'

const noFolder = (path: string, error: NodeJS.ErrnoException): SpanforgeError =>
  error.code === 'ENOTDIR'
    ? new SpanforgeError(`${path}: found a file, expected a model folder`, { remedy: CHOOSE })
    : cannotRead(path, error)

async function contents(
  folder: string,
  names: readonly string[],
  subfolders: readonly string[],
): Promise<{ readonly found: string; readonly remedy: string }> {
  const models = await modelsIn(folder, subfolders)
  if (models.length > 0) {
    const whole = names.includes('modules.json') ? 'a sentence-transformers model with its encoder' : 'models'
    return { found: `${whole} in ${showList(models, 3)}`, remedy: `Use ${join(folder, showText(models[0]))}.` }
  }
  if (names.includes('bert_config.json'))
    return {
      found: 'the original BERT layout (bert_config.json)',
      remedy:
        'Convert it in Python: BertForPreTraining.from_pretrained("bert_model.ckpt.index", from_tf=True, config=' +
        'BertConfig.from_json_file("bert_config.json")).save_pretrained(FOLDER). If its weights are in ' +
        'pytorch_model.bin, rename bert_config.json to config.json.',
    }
  const other = otherWeights(names)
  if (other) return other
  const weights = WEIGHT_FILES.filter((name) => names.includes(name))
  if (weights.length > 0)
    return { found: `weights (${showList(weights)})`, remedy: 'Download the config.json of the model into the folder.' }
  const tokenizer = names.filter(isTokenizerFile)
  if (tokenizer.length > 0) return { found: `only a tokenizer (${showList(tokenizer)})`, remedy: CHOOSE }
  return { found: names.length > 0 ? showList(names, 3) : 'an empty folder', remedy: CHOOSE }
}

/**
 * Finds the subfolders that contain a model. A config.json without weights or a tokenizer next to it belongs to some
 * other component.
 */
async function modelsIn(folder: string, subfolders: readonly string[]): Promise<string[]> {
  const isPart = (name: string) => WEIGHT_FILES.some((file) => file === name) || isTokenizerFile(name)
  const models: string[] = []
  for (const name of subfolders) {
    const inside = await readdir(join(folder, name)).catch((): string[] => [])
    if (inside.includes('config.json') && inside.some(isPart)) models.push(name)
  }
  return models.sort()
}
