import { describe } from 'vitest'
import type { Engine } from '../src/runtime/engine.ts'
import { createEngine } from '../src/runtime/engines.ts'
import { onnxruntime } from '../src/runtime/onnxruntime.ts'

const openvino = await createEngine('openvino').catch((error: Error) => error)
export const hasOpenVino = !(openvino instanceof Error)

/**
 * As `describe`, given OpenVINO's engine; where it cannot be had skips and says so, or fails where
 * SPANFORGE_REQUIRE_OPENVINO is set. OPENVINO_DIR names the folder of an OpenVINO.
 */
export function describeOpenVino(name: string, body: (engine: Engine) => void): void {
  if (!(openvino instanceof Error)) return void describe(name, () => body(openvino))
  if (process.env.SPANFORGE_REQUIRE_OPENVINO)
    throw new Error(`${name}: SPANFORGE_REQUIRE_OPENVINO is set, but ${openvino.message}`)
  console.warn(`SKIPPED (needs OpenVINO: pip install openvino): ${name}: ${openvino.message}`)
  describe.skip(name, () => body(onnxruntime))
}

/** The same tests on every engine. */
export function describeEngines(name: string, body: (engine: Engine) => void): void {
  describe(`${name}, on ONNX Runtime`, () => body(onnxruntime))
  describeOpenVino(`${name}, on OpenVINO`, body)
}
