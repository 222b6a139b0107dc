import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { describeOpenVino } from '../../../tests/engines.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { apply, input } from '../../graph/tensor.ts'
import { add, mul } from '../../ops/elementwise.ts'
import { gemm } from '../../ops/linalg.ts'
import { sumAll } from '../../ops/reduce.ts'
import { float32Value } from '../engine.ts'
import { openEngine } from '../registry.ts'
import { bindOpenVino } from './library.ts'
import { checkVersion } from './open.ts'

const vector = (n: number, value = 1) => float32Value(new Float32Array(n).fill(value), [n])

describeOpenVino('OpenVINO', (engine) => {
  const product = () => engine.compile({ y: mul(input('a', ['n']), input('b', ['n'])) })

  test.each(['1', '2'])('reports failures with SPANFORGE_THREADS=%s', async (threads) => {
    vi.stubEnv('SPANFORGE_THREADS', threads)
    onTestFinished(() => void vi.unstubAllEnvs())
    const session = await product()
    const bad = session.run({ a: vector(2), b: vector(3) }, { y: vector(3) })
    await expect(bad).rejects.toThrow(/^OpenVINO failed: /)
    await session.release()
  })

  // Otherwise several processes would all use the first cores of the machine.
  test.runIf(existsSync('/proc/self/task'))('does not pin threads if it may not use all cores', async () => {
    vi.stubEnv('SPANFORGE_THREADS', '1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const session = await engine.compile({ y: gemm(input('a', ['n', 'n']), input('b', ['n', 'n'])) })
    const matrix = () => float32Value(new Float32Array(2 ** 20), [2 ** 10, 2 ** 10])
    const running = session.run({ a: matrix(), b: matrix() }, { y: matrix() })
    await nextTurn()
    const cores = (status: string) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(status, 'utf8'))?.[1]
    const threads = readdirSync('/proc/self/task').map((thread) => cores(`/proc/self/task/${thread}/status`))
    expect(new Set(threads)).toEqual(new Set([cores('/proc/self/status')]))
    await running
    await session.release()
  })

  test('rejects an invalid SPANFORGE_THREADS', async () => {
    vi.stubEnv('SPANFORGE_THREADS', 'all')
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(product()).rejects.toThrow('SPANFORGE_THREADS: found "all", expected an integer from 0')
  })

  test('reports failed runs without source locations, and the session remains usable', async () => {
    const session = await product()
    const bad = session.run({ a: vector(2), b: vector(3) }, { y: vector(3) })
    await expect(bad).rejects.toThrow(/^OpenVINO failed: (?!.*Exception from)/)
    const y = vector(2, 0)
    await session.run({ a: vector(2, 2), b: vector(2, 2) }, { y })
    expect(y.data[1]).toBe(4)
    await session.release()
  })

  test('reports out of memory with a remedy, and the session remains usable', async () => {
    // (a [n, 1] + b [1, n])² has n² intermediate values. 2^44 bytes cannot be allocated.
    const sum = add(input('a', ['n', 1]), input('b', [1, 'n']))
    const session = await engine.compile({ y: sumAll(mul(sum, sum)) })
    const result = float32Value(new Float32Array(1), [])
    const run = (n: number) =>
      session.run(
        {
          a: float32Value(vector(n).data as Float32Array, [n, 1]),
          b: float32Value(vector(n).data as Float32Array, [1, n]),
        },
        { y: result },
      )
    await expect(run(2 ** 21)).rejects.toThrow(/^memory: OpenVINO ran out of memory(.|\n)*Lower max_tokens_per_pass/)
    await run(4)
    expect(result.data[0]).toBe(64)
    await session.release()
  })

  test('rejects unknown operators', async () => {
    const x = input('x', ['n'])
    const nonsense = engine.compile({ y: apply({ type: 'Nonsense' }, [x], x) })
    await expect(nonsense).rejects.toThrow(/^OpenVINO cannot load the model: (.|\n)*Nonsense/)
  })

  test('rejects bfloat16 on devices that do not support it, instead of falling back to float32', async () => {
    const compiled = engine.compile(
      { y: mul(input('a', ['n']), input('b', ['n'])) },
      {
        precision: 'bfloat16',
      },
    )
    if (engine.precisions.includes('bfloat16')) await (await compiled).release()
    else await expect(compiled).rejects.toThrow(/does not support bfloat16 on /)
  })

  test('rejects a missing device and lists the available ones', async () => {
    await expect(openEngine('openvino', 'openvino:TOASTER')).rejects.toThrow(
      /^OpenVINO device TOASTER is not available. Available devices: .*CPU/,
    )
  })
})

describe('Without OpenVINO', () => {
  test('rejects a file that is not a library, with a remedy', () => {
    const file = join(temporaryFolder(), 'libopenvino_c.so')
    writeFileSync(file, 'nothing')
    expect(() => bindOpenVino(file)).toThrow(
      /libopenvino_c.so: cannot be loaded as OpenVINO's C library: (.|\n)*pip install/,
    )
  })

  test('rejects versions that cannot read the training graph', () => {
    const found = { file: 'lib.so', source: 'Python wheel' }
    expect(() => checkVersion('2026.2.0-21903-52ddc073857-releases/2026/2', found)).toThrow(
      /^OpenVINO: lib.so \(Python wheel\) is version 2026.2.0.*, expected 2026.3 or later\n.*--upgrade/,
    )
    expect(() => checkVersion('unknown', found)).toThrow(/is version unknown/)
    for (const version of ['2026.3.0', '2026.4.1-22982-e213a147257-releases/2026/4', '2027.0.0'])
      expect(() => checkVersion(version, found)).not.toThrow()
  })
})
