import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Engine } from '../src/runtime/engine.ts'
import { onnxruntime } from '../src/runtime/onnxruntime.ts'

/** ONNX Runtime, and a function that returns the operators that its only executable has run, in their order. */
export function recordingOperators(): { readonly engine: Engine; operators(): string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const profilePrefix = join(folder, 'profile')
  return {
    engine: { ...onnxruntime, compile: (graph, options) => onnxruntime.compile(graph, { ...options, profilePrefix }) },
    operators() {
      const [file] = readdirSync(folder)
      const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
        readonly name: string
        readonly ts: number
        readonly args: { readonly op_name: string }
      }[]
      return events
        .filter(({ name }) => name.endsWith('_kernel_time'))
        .sort((a, b) => a.ts - b.ts)
        .map(({ args }) => args.op_name)
    },
  }
}
