import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { SpeedDocument } from '../../../benchmarks/speed/document.ts'
import { geometryOf, parseConfig } from '../../models/registry.ts'
import { packageFile } from '../../package-root.ts'
import { featuresOfCpuinfo, featuresOfSysctl, inspectMachine } from '../machine.ts'
import { diagnose, estimate, KNOWN, NOTEBOOK } from './doctor.ts'
import { adviceOn, type EngineState } from './engine-states.ts'

describe('The instruction sets', () => {
  test('are parsed from Linux on an x86 processor', () => {
    const text = 'processor\t: 0\nflags\t\t: fpu sse2 avx2 fma avx512f amx_tile avx512_bf16\n\nprocessor\t: 1\n'
    expect(featuresOfCpuinfo(text)).toEqual(['avx2', 'fma', 'avx512f', 'avx512_bf16', 'amx_tile'])
  })

  test('are parsed from Linux on an Arm processor', () => {
    expect(featuresOfCpuinfo('Features\t: fp asimd asimddp bf16 sve')).toEqual(['asimd', 'asimddp', 'bf16', 'sve'])
  })

  test('are parsed from macOS, where 0 means missing', () => {
    const text =
      'hw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_I8MM: 0\nhw.optional.neon: 1\nhw.optional.avx2_0: 0\n'
    expect(featuresOfSysctl(text)).toEqual(['asimd', 'bf16'])
  })

  test('are empty for an unrelated text', () => {
    expect(featuresOfCpuinfo('Hardware: something')).toEqual([])
  })
})

describe('The diagnosis of this machine', () => {
  test('contains a measured peak rate and estimates', async () => {
    const found = await diagnose()
    expect(found.peak_gflop_per_second).toBeGreaterThan(0)
    expect(found.cores).toBeGreaterThan(0)
    expect(found.memory_available).toBeLessThanOrEqual(found.memory_total)
    expect(found.node).toBe(process.versions.node)
    // bert-base-uncased with its head, and the small one.
    expect(found.estimates.map(({ parameters }) => parameters)).toEqual([108_893_186, 22_566_146])
  })

  test('scales the estimates with the peak rate, and reports models that do not fit in memory', () => {
    const found = inspectMachine()
    const sizes = { hidden_size: 2, intermediate_size: 1, num_hidden_layers: 1, num_attention_heads: 1 }
    const geometry = geometryOf(parseConfig(sizes, 'test'))
    const known = { model: 'x', geometry, parameters: 0, share_of_peak: 0.5, memory_bytes: 2e9 }
    const one = estimate(known, 100, { ...found, memory_total: 1e9 })
    expect(one.fits).toBe(false)
    // 3 epochs, backward = 2 x forward, 2 operations per product: 16 + 4 + 4 per token, 4 per pair of tokens.
    const flop = 3 * 3 * 2 * (NOTEBOOK.tokens * 24 + NOTEBOOK.squared_lengths * 4)
    expect(one.seconds).toBeCloseTo(flop / 1e9 / 50, 6)
    expect(estimate(known, 200, found).seconds).toBeCloseTo(one.seconds / 2, 6)
  })
})

test('The estimates are based on the results of the benchmark', () => {
  const { peak_gflop_per_second: peak, results } = JSON.parse(
    readFileSync(packageFile('benchmarks/results/speed.json'), 'utf8'),
  ) as SpeedDocument
  // The benchmark calls the model of its second argument, MiniLM, "folder".
  for (const [i, name] of ['bert-base', 'folder'].entries()) {
    const { training } = results.find(({ model, mode }) => model === name && mode === 'shuffled')!
    // The constants are rounded to 1 % and up to 0.1 GB.
    expect(Math.abs(KNOWN[i].share_of_peak - training.gflop_per_second / peak), name).toBeLessThan(0.01)
    expect(Math.abs(KNOWN[i].memory_bytes - training.peak_resident_bytes), name).toBeLessThan(0.1e9)
  }
})

describe('The advice', () => {
  const engine = (
    title: string,
    bfloat16_speedup: number | null,
    state: 'found' | 'missing' | 'broken',
  ): EngineState => {
    const offers_bfloat16 = bfloat16_speedup !== null
    const precisions = offers_bfloat16 ? (['float32', 'bfloat16'] as const) : (['float32'] as const)
    const devices = [{ device: 'cpu', full_name: 'a processor', precisions }]
    return {
      name: title.toLowerCase(),
      title,
      found: state === 'found' ? { version: '1', source: '', library: null, devices } : null,
      problem: state === 'broken' ? 'it cannot be loaded' : null,
      install: `pip install ${title.toLowerCase()}`,
      offers_bfloat16,
      bfloat16_speedup,
    }
  }
  const plain = engine('Plain', null, 'found')
  const advice = (...engines: EngineState[]) => adviceOn([plain, ...engines], { cpu_features: ['avx512_bf16'] })

  test('names the fastest engine that is installed, and a missing one that is faster', () => {
    expect(advice(engine('Slow', 1.5, 'found'), engine('Fast', 2, 'found'))).toBe(
      'Train faster with --bf16: Fast supports bfloat16 on this machine (about 2 times as fast as float32).',
    )
    expect(advice(engine('Slow', 1.5, 'found'), engine('Fast', 2, 'missing'))).toMatch(
      /--bf16: Slow .* After pip install fast, it trains faster still \(about 2 times/,
    )
    expect(advice(engine('Slow', 1.5, 'missing'), engine('Fast', 2, 'found'))).not.toContain('pip install')
  })

  test('names a graphics card, with float16 if it supports that', () => {
    const card = (...precisions: ('float32' | 'float16')[]): EngineState => ({
      ...plain,
      found: {
        ...{ version: '1', source: '', library: null },
        devices: [{ device: 'webgpu', full_name: 'a card', precisions }],
      },
    })
    expect(advice(card('float32'))).toBe('Try --device webgpu and compare the speed.')
    expect(advice(card('float32', 'float16'))).toBe('Try --device webgpu --fp16 and compare the speed.')
  })

  test('names the command for the fastest engine if none is installed, and an engine that does not work otherwise', () => {
    expect(advice(engine('Slow', 1.5, 'missing'), engine('Fast', 2, 'missing'))).toBe(
      'This processor supports bfloat16: after pip install fast, --bf16 trains faster (about 2 times as fast as float32).',
    )
    expect(advice(engine('Fast', 2, 'broken'))).toContain('with a working Fast')
    expect(adviceOn([plain, engine('Fast', 2, 'missing')], { cpu_features: ['avx2'] })).toContain('does not support')
  })
})
