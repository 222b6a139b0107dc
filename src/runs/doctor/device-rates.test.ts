import { describe, expect, test } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { parseConfig } from '../../models/registry.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { deviceRates, trainingRate } from './device-rates.ts'
import type { EngineState } from './engine-states.ts'

const config = parseConfig({ hidden_size: 32, num_attention_heads: 2, intermediate_size: 64 }, 'test')
const SMALL = { layers: 1, words: 99, windows: 2, length: 12, runs: 1 }

const state = (is_software: boolean, device = 'cpu'): EngineState => ({
  ...{ name: 'onnxruntime', title: '', problem: null, install: null, offers_bfloat16: false, bfloat16_speedup: null },
  found: {
    ...{ version: '', source: '', library: null },
    devices: [{ device, full_name: 'a card', precisions: ['float32', 'float16'], is_software }],
  },
})

describe('the rates of devices', () => {
  test('are measured in each precision, but not on the CPU or on programs that compute there', async () => {
    expect(await deviceRates([state(false)], config)).toEqual([])
    const [software] = await deviceRates([state(true, 'webgpu')], config)
    expect(software).toMatchObject({ gflop_per_second: {}, problem: 'it is a program that computes on the CPU' })
  })

  test('report a device that cannot be opened', async () => {
    const broken = { ...state(false, 'webgpu:0'), name: 'webgpu' }
    const failing = async () => {
      throw new (await import('../../errors.ts')).SpanforgeError('no room')
    }
    const [found] = await deviceRates([broken], config, failing)
    expect(found.problem).toMatch(/no room|WebGPU: /)
  })

  test('are those of real training steps', async () => {
    expect(await trainingRate(defaultEngine, config, 'float32', SMALL)).toBeGreaterThan(0)
  })
})

describeEngine('webgpu', 'the rate of a graphics card', (engine) => {
  test('is that of steps that stay on it', async () => {
    expect(await trainingRate(engine, config, 'float32', SMALL)).toBeGreaterThan(0)
  })
})
