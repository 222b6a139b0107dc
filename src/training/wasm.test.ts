import { expect, it } from 'vitest'
import { committedModule, compileModule, modules } from '../../scripts/build-wasm.ts'

it.each(modules)('%s-wasm.ts is up to date with its source', async (name) => {
  expect(await compileModule(name)).toBe(committedModule(name))
})
