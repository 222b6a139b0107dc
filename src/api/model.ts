import { type AnswerSettings, loadAnswerSettings, saveAnswerSettings } from '../checkpoint/answer-settings.ts'
import type { LoadReport } from '../checkpoint/load-parameters.ts'
import { loadConfig, saveModel } from '../checkpoint/model-folder.ts'
import { resolveModel } from '../hub/models.ts'
import { loadPretrained, newlyInitialized } from '../inference/pretrained.ts'
import { QuestionAnsweringModel } from '../models/question-answering.ts'
import { chooseEngine, type EngineChoice } from '../runs/load/choose-engine.ts'
import type { Engine } from '../runtime/engine.ts'
import { tensorsOf } from '../training/checkpoints/run-checkpoint.ts'
import { checkOptions } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions } from './from-pretrained-options.ts'
import { toStandardError } from './warn.ts'

/** An encoder with a head that gives each token a start and an end logit. Its config.json decides the architecture. */
export class AutoModelForQuestionAnswering extends QuestionAnsweringModel {
  /** What of the checkpoint was missing, left over or of another shape. */
  readonly loading_report: LoadReport

  private constructor(
    { config, engine, parameters, precision }: QuestionAnsweringModel,
    report: LoadReport,
    /** Whether "" may be an answer, its threshold and what confidences are computed with, if stored with the model. Training replaces them. */
    public answer_settings?: AnswerSettings,
  ) {
    super(config, engine, parameters, precision)
    this.loading_report = report
  }

  /**
   * The model of a Hugging Face folder, or of that name on the hub. Its weights are float32 whatever they are stored
   * as; those that the checkpoint does not hold are drawn by `seed` (42), with the warning that everyone knows.
   * @throws UsageError for an option that there is not; SpanforgeError for a folder of another architecture or a damaged
   * one, which says what is wrong
   */
  static async from_pretrained(nameOrFolder: string, options: FromPretrainedOptions = {}) {
    checkOptions('from_pretrained', FROM_PRETRAINED, options)
    const { onWarning = toStandardError, engine, device, ...rest } = options
    const folder = await resolveModel(nameOrFolder, rest)
    const settings = await loadAnswerSettings(folder)
    const { model, report } = await loadPretrained(folder, {
      ...rest,
      engine: typeof engine === 'object' ? engine : await engineFor(folder, { engine, device, bf16: rest.bf16 }),
    })
    const warning = newlyInitialized(nameOrFolder, model, report)
    if (warning) onWarning(warning)
    return new AutoModelForQuestionAnswering(model, report, settings)
  }

  /** Writes config.json and model.safetensors into a folder, made if need be: transformers loads it, and so do we. */
  async save_pretrained(folder: string, options: { readonly dtype?: 'F32' | 'F16' } = {}): Promise<void> {
    await saveModel(folder, this.config, tensorsOf(this.parameters), options)
    if (this.answer_settings) await saveAnswerSettings(folder, this.answer_settings)
  }
}

/** The settings that a model was loaded with, or that training gave it. */
export const storedSettings = (model: QuestionAnsweringModel): AnswerSettings | undefined =>
  model instanceof AutoModelForQuestionAnswering ? model.answer_settings : undefined

const engineFor = async (folder: string, choice: EngineChoice): Promise<Engine> =>
  (await chooseEngine(choice, await loadConfig(folder))).engine

/** @deprecated Use `AutoModelForQuestionAnswering`; this name goes with version 0.3. */
export const BertForQuestionAnswering = AutoModelForQuestionAnswering
/** @deprecated Use `AutoModelForQuestionAnswering`; this name goes with version 0.3. */
export type BertForQuestionAnswering = AutoModelForQuestionAnswering
