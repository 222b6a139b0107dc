import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commandEntries } from '../src/cli/commands.ts'
import { MODEL_TYPES } from '../src/models/registry.ts'
import { packageFile } from '../src/package-root.ts'
import { engineNames } from '../src/runtime/registry.ts'

const readme = readFileSync(packageFile('README.md'), 'utf8').toLowerCase()

test.each([
  ...MODEL_TYPES,
  ...engineNames().map((name) => (name === 'onnxruntime' ? 'onnx runtime' : name)),
  ...commandEntries.map(({ name }) => `\`${name === 'cache' || name === 'push' ? '' : 'spanforge '}${name}\``),
])('README.md names %s', (name) => expect(readme).toContain(name))
