import { type AnswerSettings, loadAnswerSettings, saveAnswerSettings } from '../checkpoint/answer-settings.ts'
import type { LoadReport } from '../checkpoint/load-parameters.ts'
import { saveModel } from '../checkpoint/model-folder.ts'
import { resolveModel } from '../hub/download/models.ts'
import { loadPretrained, newlyInitialized, pretrainedConfig } from '../inference/pretrained.ts'
import { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { SpanModel } from '../models/span-model.ts'
import { chooseEngine } from '../runs/load/choose-engine.ts'
import { tensorsOf } from '../training/checkpoints/run-checkpoint.ts'
import { checkOptions } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions, toStandardError } from './from-pretrained-options.ts'

/** An encoder with a question-answering head. The architecture is determined by config.json. */
export class AutoModelForQuestionAnswering extends QuestionAnsweringModel {
  /** Missing, unexpected and mismatched tensors of the checkpoint. */
  readonly loading_report: LoadReport

  private constructor(
    { config, engine, parameters, precision }: QuestionAnsweringModel,
    report: LoadReport,
    /**
     * Answer settings stored with the model: whether "" is a possible answer, its threshold, and the confidence model.
     * Training replaces them.
     */
    public answer_settings?: AnswerSettings,
  ) {
    super(config, engine, parameters, precision)
    this.loading_report = report
  }

  /**
   * Loads a model from a Hugging Face folder or by its name on the hub. Weights are converted to float32. Missing
   * weights are initialized at random from `seed` (default: 42), with a warning.
   * @throws UsageError for an unknown option
   * @throws SpanforgeError for an unsupported architecture or a corrupted checkpoint
   */
  static async from_pretrained(nameOrFolder: string, options: FromPretrainedOptions = {}) {
    checkOptions('from_pretrained', FROM_PRETRAINED, options)
    const { onWarning = toStandardError, engine, device, ...rest } = options
    const folder = await resolveModel(nameOrFolder, rest)
    const settings = await loadAnswerSettings(folder)
    const { model, report } = await loadPretrained(folder, {
      ...rest,
      engine:
        typeof engine === 'object'
          ? engine
          : (
              await chooseEngine(
                { engine, device, bf16: rest.bf16, fp16: rest.fp16 },
                await pretrainedConfig(folder, rest),
              )
            ).engine,
    })
    const warning = newlyInitialized(nameOrFolder, model, report)
    if (warning) onWarning(warning)
    return new AutoModelForQuestionAnswering(model, report, settings)
  }

  /** Writes config.json and model.safetensors into a folder, which is created if needed. transformers can load it. */
  async save_pretrained(folder: string, options: { readonly dtype?: 'F32' | 'F16' } = {}): Promise<void> {
    await saveModel(folder, this.config, tensorsOf(this.parameters), options)
    if (this.answer_settings) await saveAnswerSettings(folder, this.answer_settings)
  }
}

/** The answer settings that a model was loaded with or got in training. */
export const storedSettings = (model: SpanModel): AnswerSettings | undefined =>
  model instanceof AutoModelForQuestionAnswering ? model.answer_settings : undefined

/** @deprecated Use `AutoModelForQuestionAnswering`; this name will be removed in version 0.3. */
export const BertForQuestionAnswering = AutoModelForQuestionAnswering
/** @deprecated Use `AutoModelForQuestionAnswering`; this name will be removed in version 0.3. */
export type BertForQuestionAnswering = AutoModelForQuestionAnswering
