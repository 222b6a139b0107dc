/** The thread in which oneDNN computes, so that the caller can still handle signals and requests and show progress. */
import { workerData } from 'node:worker_threads'
import type { Bindings } from '../../graph/shape.ts'
import { answerCalls } from '../../threads/calls.ts'
import { Interpreter, type PlacedValues } from './interpreter.ts'
import { bindOnednn } from './library.ts'
import type { PackedMemory } from './packed-memory.ts'
import { Primitives } from './primitives.ts'
import { Profile } from './profile.ts'
import type { Program } from './program.ts'

const library = bindOnednn(workerData as string)
/** Interpreters by number. They share the primitives, because models of the same kind have the same shapes. */
const interpreters = new Map<number, Interpreter>()
const primitives = new Primitives(library)

answerCalls({
  compile(id: number, program: Program, factors: 'f32' | 'bf16', packed: PackedMemory, hasProfile: boolean) {
    if (hasProfile) primitives.profile ??= new Profile()
    interpreters.set(id, new Interpreter(primitives, program, factors, packed))
  },
  hold: (id: number, values: PlacedValues) => interpreters.get(id)!.hold(values),
  run(id: number, values: PlacedValues, bindings: Bindings, threads: number) {
    library.setThreads?.(threads)
    interpreters.get(id)!.run(values, bindings)
  },
  /** Releases an interpreter, and returns the time of each kind of call if it was measured. */
  release(id: number) {
    interpreters.get(id)?.close()
    interpreters.delete(id)
    const parts = primitives.profile?.parts
    if (interpreters.size === 0) primitives.profile = undefined
    return parts
  },
})
