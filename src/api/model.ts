import { type AnswerSettings, loadAnswerSettings, saveAnswerSettings } from '../checkpoint/answer-settings.ts'
import type { LoadReport } from '../checkpoint/load-parameters.ts'
import { loadConfig, saveModel } from '../checkpoint/model-folder.ts'
import { type ModelOptions, resolveModel } from '../hub/models.ts'
import { type LoadOptions, loadPretrained, newlyInitialized } from '../inference/pretrained.ts'
import { BertForQuestionAnswering as Bert } from '../models/question-answering.ts'
import { chooseEngine, type EngineChoice } from '../runs/choose-engine.ts'
import type { Engine } from '../runtime/engine.ts'
import type { EngineName } from '../runtime/engines.ts'
import { tensorsOf } from '../training/run-checkpoint.ts'
import { toStandardError, type Warn } from './warn.ts'

export interface FromPretrainedOptions extends Omit<LoadOptions, 'engine'>, Omit<ModelOptions, 'weights'> {
  /** What computes: ONNX Runtime unless given; with bf16, OpenVINO. `auto` measures. */
  readonly engine?: Engine | EngineName | 'auto'
  /** `cpu`, or a device of OpenVINO's, as `openvino:GPU`. */
  readonly device?: string
  /** Told about weights that the checkpoint does not hold; on standard error unless given. `() => {}` is silent. */
  readonly onWarning?: Warn
}

/** BERT with a head that gives each token a start and an end logit, as `BertForQuestionAnswering` of transformers. */
export class BertForQuestionAnswering extends Bert {
  /** What of the checkpoint was missing, left over or of another shape. */
  readonly loading_report: LoadReport

  private constructor(
    { config, engine, parameters, precision }: Bert,
    report: LoadReport,
    /** Threshold for "" and temperature of confidences, where they are stored with the model. */
    readonly answer_settings?: AnswerSettings,
  ) {
    super(config, engine, parameters, precision)
    this.loading_report = report
  }

  /**
   * The model of a Hugging Face folder, or of that name on the hub. Its weights are float32 whatever they are stored
   * as; those that the checkpoint does not hold are drawn by `seed` (42), with the warning that everyone knows.
   * @throws SpanforgeError for a folder that is no BERT or a damaged one, by name of what is wrong
   */
  static async from_pretrained(nameOrFolder: string, options: FromPretrainedOptions = {}) {
    const { onWarning = toStandardError, engine, device, ...rest } = options
    const folder = await resolveModel(nameOrFolder, rest)
    const settings = await loadAnswerSettings(folder)
    const { model, report } = await loadPretrained(folder, {
      ...rest,
      engine: typeof engine === 'object' ? engine : await engineFor(folder, { engine, device, bf16: rest.bf16 }),
    })
    const warning = newlyInitialized(nameOrFolder, report)
    if (warning) onWarning(warning)
    return new BertForQuestionAnswering(model, report, settings)
  }

  /** Writes config.json and model.safetensors into a folder, made if need be: transformers loads it, and so do we. */
  async save_pretrained(folder: string, options: { readonly dtype?: 'F32' | 'F16' } = {}): Promise<void> {
    await saveModel(folder, this.config, tensorsOf(this.parameters), options)
    if (this.answer_settings) await saveAnswerSettings(folder, this.answer_settings)
  }
}

const engineFor = async (folder: string, choice: EngineChoice): Promise<Engine> =>
  (await chooseEngine(choice, await loadConfig(folder))).engine

/** BERT is the one architecture there is: chosen by name, as in transformers. */
export const AutoModelForQuestionAnswering = BertForQuestionAnswering
