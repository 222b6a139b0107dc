import type { CompileOptions, Engine } from '../../src/runtime/engine.ts'
import { createEngine, type EngineName } from '../../src/runtime/engines.ts'

/** An engine with some options of its sessions fixed. */
export async function engineWith(fixed: CompileOptions, name: EngineName = 'onnxruntime'): Promise<Engine> {
  const engine = await createEngine(name)
  return { ...engine, compile: (model, options) => engine.compile(model, { ...options, ...fixed }) }
}
