import { type ExportDtype, externalDataName, onnxFileName, type StoredVariant } from '../checkpoint/onnx-folder.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import { encodeModel } from '../onnx/encode.ts'
import { ExternalData } from '../onnx/external-data.ts'
import type { Encoded } from '../protobuf.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { PaddedOptions } from './padded-graph.ts'
import type { Smoothings } from './quantize/smoothing.ts'
import { variantGraph } from './variant-graph.ts'

export interface ExportSource {
  readonly model: QuestionAnsweringModel
  readonly tokenizer: Tokenizer
}

export interface VariantPlanOptions {
  /** The weights of products that stay in floating point, per dtype. */
  readonly kept?: Partial<Readonly<Record<ExportDtype, readonly string[]>>>
  /** How activations are smoothed for int8 and uint8. */
  readonly smoothings?: Smoothings
  /** Store all weights outside the ONNX file, which is otherwise done only above 2 GB. */
  readonly external_data?: boolean
}

/** A variant of an exported model. */
export interface ExportedVariant extends StoredVariant {
  /** Names of the products' weights that stay in floating point. */
  readonly kept: readonly string[]
}

/** A variant before it is written. */
export interface PlannedVariant extends ExportedVariant {
  /** The contents of its files, by path. Weights are converted while they are written. */
  readonly contents: ReadonlyMap<string, Encoded>
}

/** Returns the options of the graph: whether callers provide token types. */
export const sourceOptions = ({ model, tokenizer }: ExportSource): PaddedOptions => ({
  hasTokenTypes: model.geometry.token_types > 1 && tokenizer.settings.has_token_types,
})

/** Protobuf messages are smaller than this. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1

/** Determines the files of a variant and their sizes without converting any weights. */
export function planVariant(
  source: ExportSource,
  dtype: ExportDtype,
  { kept = {}, smoothings, external_data = false }: VariantPlanOptions = {},
): PlannedVariant {
  const keptHere = kept[dtype] ?? []
  const options = { ...sourceOptions(source), kept: new Set(keptHere), smoothings }
  const { graph, initializers } = variantGraph(source.model, dtype, options)
  const file = `onnx/${onnxFileName(dtype)}`
  const whole = encodeModel(graph, { initializers })
  if (!external_data && whole.size <= MAX_MESSAGE_BYTES)
    return { dtype, file, bytes: whole.size, kept: keptHere, contents: new Map([[file, whole]]) }
  const external = new ExternalData(externalDataName(dtype))
  const small = encodeModel(graph, { initializers, external })
  const external_file = `onnx/${external.location}`
  return {
    dtype,
    file,
    external_data: external_file,
    bytes: small.size + external.size,
    kept: keptHere,
    contents: new Map([
      [external_file, external.content],
      [file, small],
    ]),
  }
}
