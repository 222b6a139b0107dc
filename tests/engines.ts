import { describe } from 'vitest'
import type { Engine } from '../src/runtime/engine.ts'
import { defaultEngine, type EngineName, engineEntries, engineEntry, openEngine } from '../src/runtime/registry.ts'
import { isExhaustive } from './thorough.ts'

const opened = new Map<EngineName, Engine | Error>()
for (const { name, devices } of engineEntries())
  opened.set(name, await openEngine(name, devices[0]).catch((error: Error) => error))

/** Whether an engine can be tested on this machine. */
export const hasEngine = (name: EngineName): boolean => !(opened.get(name) instanceof Error)

/**
 * Like `describe`, with an engine of the registry. If the engine is missing, skips the tests with a message, or fails
 * if SPANFORGE_REQUIRE_<ENGINE> is set, such as SPANFORGE_REQUIRE_OPENVINO.
 */
export function describeEngine(engine: EngineName, name: string, body: (engine: Engine) => void): void {
  const found = opened.get(engine)!
  if (!(found instanceof Error)) return void describe(name, () => body(found))
  const required = `SPANFORGE_REQUIRE_${engine.toUpperCase()}`
  const { title, install } = engineEntry(engine)
  if (process.env[required]) throw new Error(`${name}: ${required} is set, but ${found.message}`)
  console.warn(`SKIPPED (needs ${title}${install ? `: ${install}` : ''}): ${name}: ${found.message}`)
  describe.skip(name, () => body(defaultEngine))
}

export const describeOpenVino = (name: string, body: (engine: Engine) => void): void =>
  describeEngine('openvino', name, body)

/** Runs the same tests on every engine that computes on a CPU: WebGPU's software device takes minutes for real models. */
export function describeCpuEngines(name: string, body: (engine: Engine) => void): void {
  for (const entry of engineEntries())
    if (entry.devices.includes('cpu')) describeEngine(entry.name, `${name}, on ${entry.title}`, body)
}

/** Like `describeEngines`. On WebGPU, where compiling takes a minute on a software device, only in exhaustive runs. */
export const describeEnginesInFull = isExhaustive ? describeEngines : describeCpuEngines

/** Runs the same tests on every engine. */
export function describeEngines(name: string, body: (engine: Engine) => void): void {
  for (const entry of engineEntries()) describeEngine(entry.name, `${name}, on ${entry.title}`, body)
}
