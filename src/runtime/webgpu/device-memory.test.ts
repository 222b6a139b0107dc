import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'

/** Runs a scenario in a process of its own, because what it guards against kills the process. */
function inProcess(name: string, script = 'webgpu-trap'): unknown {
  const path = fileURLToPath(new URL(`../../../tests/processes/${script}.ts`, import.meta.url))
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path, name], {
    encoding: 'utf8',
  })
  expect({ status, signal }, stderr).toEqual({ status: 0, signal: null })
  return JSON.parse(stdout)
}

describeEngine('webgpu', 'the memory of a device', () => {
  test.each([
    ['read', 0.5],
    ['release a session before its values', 0.5],
    ['feed another session', 0.5],
    ['update in place', -0.5],
    ['use a value that was freed', 'webgpu: the slot w is empty'],
    ['free a value twice', 0],
    ['leave all results on the device', 'webgpu: a graph needs an output that does not stay on the device'],
    ['leave two results in one slot', 'webgpu: each of y, z needs a slot of its own'],
    ['run twice at once', -0.5],
  ])('%s', (name, expected) => {
    expect(inProcess(name)).toEqual(expected)
  })

  test.runIf(process.platform === 'linux')('run out of memory', () => {
    expect(inProcess('run out of memory')).toMatch(/^WebGPU: the device ran out of memory/)
  })

  test('threads take turns', () => {
    expect(inProcess('', 'webgpu-threads')).toEqual([0, 0, 0])
  })

  // Leaks would be 150 MB.
  test.each(['replace results', 'upload'])('%s without a leak', (name) => {
    expect(inProcess(name)).toBeLessThan(40)
  })
})
