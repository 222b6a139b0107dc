import type { ModelOptions } from '../hub/models.ts'
import type { LoadOptions } from '../inference/pretrained.ts'
import type { OptionNames } from '../known-options.ts'
import type { Engine } from '../runtime/engine.ts'
import type { EngineName } from '../runtime/engines.ts'
import type { Warn } from './warn.ts'

export interface FromPretrainedOptions extends Omit<LoadOptions, 'engine'>, Omit<ModelOptions, 'weights'> {
  /** What computes: ONNX Runtime unless given; with bf16, OpenVINO. `auto` measures. */
  readonly engine?: Engine | EngineName | 'auto'
  /** `cpu`, or a device of OpenVINO's, as `openvino:GPU`. */
  readonly device?: string
  /** Told about weights that the checkpoint does not hold; on standard error unless given. `() => {}` is silent. */
  readonly onWarning?: Warn
}

export const FROM_PRETRAINED: OptionNames<FromPretrainedOptions> = {
  engine: true,
  device: true,
  bf16: true,
  seed: true,
  ignore_mismatched_sizes: true,
  onWarning: true,
  revision: true,
  offline: true,
  token: true,
  endpoint: true,
  cache: true,
  onProgress: true,
  onNotice: true,
  retry: true,
  timeout: true,
  signal: true,
}
