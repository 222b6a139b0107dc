import { isDeepStrictEqual } from 'node:util'
import { isOnlyExported } from '../../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { ExportedModel } from '../../inference/exported-model.ts'
import { fitVocabulary, type LoadOptions, loadPretrained } from '../../inference/pretrained.ts'
import type { Geometry } from '../../models/architecture.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { showList } from '../../show-value.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { DecidedArguments } from '../../training/arguments/stored-settings.ts'
import { type HubChoice, type LoadedModel, modelFolder } from './load-model.ts'

/**
 * Loads the model from which another one learns, on the same engine. An exported model can teach too.
 * @throws SpanforgeError if the model does not exist, was not fine-tuned, or has another tokenizer
 */
export async function loadTeacher(
  nameOrFolder: string,
  student: Pick<LoadedModel, 'model' | 'tokenizer'>,
  { bf16, fp16 }: Pick<DecidedArguments, 'bf16' | 'fp16'>,
  hub: HubChoice,
): Promise<SpanModel> {
  const { engine, geometry } = student.model
  const { teacher, tokenizer } = await withPlace(async () => {
    const folder = await modelFolder(nameOrFolder, hub)
    const loaded = await loadTokenizer(folder)
    const teacher = (await isOnlyExported(folder))
      ? await ExportedModel.open(folder, { engine })
      : await trained(folder, { engine, bf16, fp16 })
    return { teacher, tokenizer: fitVocabulary(folder, loaded, teacher.geometry) }
  })
  const differing = differences(tokenizer, student.tokenizer, teacher.geometry, geometry)
  if (differing.length > 0)
    throw new UsageError(
      `teacher: the tokenizer of ${nameOrFolder} differs from that of the model: ${differing.join(', ')}`,
      'Both must give the same tokens. Use a teacher with the vocabulary of the model, or start from some of its layers: ' +
        `--model ${nameOrFolder} --init_layers 0,2,4.`,
    )
  return teacher
}

async function trained(folder: string, options: LoadOptions): Promise<SpanModel> {
  const { model, report } = await loadPretrained(folder, options)
  const { missing } = report
  if (missing.length === 0) return model
  throw new SpanforgeError(`${folder}: ${showList(missing, 3)} missing in the checkpoint`, {
    remedy: 'A model can teach only after it was fine-tuned: use the output_dir of "spanforge train".',
    exitCode: 2,
  })
}

/** Says in errors that they are about the teacher. */
async function withPlace<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    throw new SpanforgeError(`teacher: ${error.summary}`, { ...error.options, exitCode: error.exitCode, cause: error })
  }
}

/** What determines the tokens of a window, by the names in tokenizer.json. */
const tokensOf = ({ settings, addedTokens: added_tokens, pair: post_processor }: Tokenizer) => {
  const { vocab, model, normalizer, added_tokens_normalizer, pre_tokenizer, split_special_tokens } = settings
  const added = added_tokens.some(({ normalized }) => normalized) ? (added_tokens_normalizer ?? normalizer) : null
  const given = { vocab, model, normalizer, pre_tokenizer, post_processor, split_special_tokens }
  return { ...given, added_tokens, added_tokens_normalizer: added }
}

/** The names of the settings in which two tokenizers differ, if they give other tokens. */
function differences(teacher: Tokenizer, student: Tokenizer, of: Geometry, than: Geometry): string[] {
  const others: Readonly<Record<string, unknown>> = tokensOf(student)
  const names = Object.entries(tokensOf(teacher)).flatMap(([name, value]) =>
    isDeepStrictEqual(value, others[name]) ? [] : [name],
  )
  // A teacher gets the token types of BERT if the model that learns has none (TrainingRun.teacher).
  const hasTypes = than.token_types === 0 || student.settings.has_token_types
  const differ = of.token_types > 1 && teacher.settings.has_token_types !== hasTypes
  return differ ? [...names, 'token_type_ids'] : names
}
