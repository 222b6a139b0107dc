import type { CompileOptions, Engine } from '../../src/runtime/engine.ts'
import { defaultEngine, type EngineName, openEngine } from '../../src/runtime/registry.ts'

/** Wraps an engine with fixed compile options. */
export async function engineWith(fixed: CompileOptions, name: EngineName = defaultEngine.name): Promise<Engine> {
  const engine = await openEngine(name)
  return { ...engine, compile: (model, options) => engine.compile(model, { ...options, ...fixed }) }
}
