import { Command } from 'commander'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { globalRegistry } from 'zod'
import type { Engine, Precision } from '../src/runtime/engine.ts'
import type { EngineEntry } from '../src/runtime/engine-entry.ts'

/** Ignores other installed engines. */
vi.stubEnv('OPENVINO_DIR', '/nowhere')
vi.stubEnv('ONEDNN_DIR', '/nowhere')
vi.stubEnv('VK_DRIVER_FILES', '/nowhere')
vi.stubEnv('VK_ICD_FILENAMES', '/nowhere')
for (const name of ['OPENVINO', 'ONEDNN', 'WEBGPU']) vi.stubEnv(`SPANFORGE_REQUIRE_${name}`, '')

// Imported separately for this test, because modules that list the engines read the registry when they are loaded.
vi.resetModules()
afterAll(() => {
  vi.resetModules()
  // The modules will be loaded again and register schemas with the same ids: OpenAPI documents must not contain both.
  globalRegistry.clear()
  vi.unstubAllEnvs()
})
const { SpanforgeError } = await import('../src/errors.ts')
const { defaultEngine, engineChoices, openEngine, registerEngine } = await import('../src/runtime/registry.ts')

const precisions: readonly Precision[] = ['float32', 'bfloat16']

/** An engine that is independent of the others. */
const entryOf = (name: string, title: string, devices: readonly string[]): EngineEntry => ({
  name,
  title,
  devices,
  precisions,
  install: `npm install ${name}`,
  async inspect() {
    const facts = devices.map((device) => ({ device, full_name: `${title} on ${device}`, precisions }))
    return { version: '3.0', source: 'this test', library: null, devices: facts }
  },
  open: async (device) => ({
    ...defaultEngine,
    name,
    device: `${name} (${device})`,
    precisions,
    // ONNX Runtime computes the products, regardless of the precision.
    compile: (graph, options) => defaultEngine.compile(graph, { ...options, precision: 'float32' }),
  }),
})

const builtIn = engineChoices()
registerEngine(entryOf('abacus', 'Abacus', ['cpu', 'abacus:wood']))
registerEngine(entryOf('sliderule', 'Slide rule', ['sliderule:bamboo']))
const { describeEngines } = await import('./engines.ts')
const { parseConfig } = await import('../src/models/registry.ts')
const { chooseEngine } = await import('../src/runs/load/choose-engine.ts')
const machine = await import('../src/runs/machine.ts')
const rates = await import('../src/runs/doctor/device-rates.ts')
const { withEngineFlags } = await import('../src/cli/flags/engine.ts')
const { doctorText } = await import('../src/cli/commands/doctor.ts')
const { diagnose } = await import('../src/runs/doctor/doctor.ts')
const { parseArguments } = await import('../src/training/arguments/arguments.ts')
const { argumentFlags } = await import('../src/training/arguments/argument-flags.ts')
const { argumentsSchema } = await import('../src/training/arguments/arguments-schema.ts')

const config = parseConfig(
  { hidden_size: 32, num_attention_heads: 2, num_hidden_layers: 1, intermediate_size: 64, vocab_size: 99 },
  'test',
)

const choices = [...builtIn, 'abacus', 'sliderule']

/** A measurement that returns the given seconds for each engine, by its name or device. */
const taking = (seconds: Readonly<Record<string, number>>) =>
  vi.fn(async ({ name, device }: Engine) => seconds[device] ?? seconds[name])

describe('An engine that is registered', () => {
  test('is a valid value of the argument and appears in its error, help and JSON Schema', () => {
    expect(parseArguments({ engine: 'abacus' }, 'test').engine).toBe('abacus')
    expect(() => parseArguments({ engine: 'pebbles' }, 'test')).toThrow(
      `test: engine: found "pebbles", expected one of ${choices.join(', ')}`,
    )
    const flag = argumentFlags().find(({ name }) => name === 'engine')!
    expect(flag.description).toContain(`one of ${choices.join(', ')}`)
    const { properties } = argumentsSchema() as { properties: { engine: { anyOf: unknown[] } } }
    expect(properties.engine.anyOf).toContainEqual({ type: 'string', enum: choices })
  })

  test('appears in the help of --engine, and its devices in that of --device', () => {
    const { options } = withEngineFlags(new Command())
    expect(options.find(({ long }) => long === '--engine')?.argChoices).toEqual(choices)
    expect(options.find(({ long }) => long === '--device')?.description).toMatch(
      /abacus:wood or sliderule:bamboo \(default: /,
    )
  })

  test('is opened by its name, and by a device that only it has', async () => {
    expect((await chooseEngine({ engine: 'abacus' }, config)).engine.device).toBe('abacus (cpu)')
    expect((await chooseEngine({ device: 'abacus:wood' }, config)).engine.device).toBe('abacus (wood)')
    expect((await chooseEngine({ engine: 'sliderule' }, config)).engine.device).toBe('sliderule (bamboo)')
    await expect(openEngine('openvino', 'abacus:wood')).rejects.toThrow(
      'device: abacus:wood belongs to Abacus, not to OpenVINO\n  Choose engine abacus.',
    )
    await expect(openEngine('sliderule')).rejects.toThrow(
      'device: Slide rule does not support cpu\n  Choose one of its devices, such as sliderule:bamboo.',
    )
  })

  test('is not used by default', async () => {
    const measure = taking({})
    expect(await chooseEngine({}, config, measure)).toEqual({
      name: 'onnxruntime',
      device: 'cpu',
      engine: defaultEngine,
    })
    expect(measure).not.toHaveBeenCalled()
  })

  test('is listed by doctor with its devices and their precisions', async () => {
    // Not measured: these devices are as slow as the CPU.
    vi.spyOn(rates, 'deviceRates').mockResolvedValue([])
    const text = doctorText(await diagnose())
    expect(text).toMatch(/^Abacus +3\.0, this test$/m)
    expect(text).toMatch(/^ {2}abacus:wood +Abacus on abacus:wood; float32, bfloat16$/m)
    expect(text).toMatch(/^OpenVINO +OPENVINO_DIR: libopenvino_c was not found in \/nowhere/m)
    expect(text).toMatch(/^oneDNN +ONEDNN_DIR: libdnnl.so.3 was not found in \/nowhere/m)
    expect(text).toMatch(/^Advice +Train faster with --bf16: Abacus supports bfloat16 on this machine\.$/m)
  })
})

const ran: string[] = []
describeEngines('A suite on every engine', ({ name }) => {
  test('runs', () => void ran.push(name))
})
test('the suite ran on all registered engines that are installed', () => {
  expect(ran).toEqual(['onnxruntime', 'abacus', 'sliderule'])
})

describe('Among several engines', () => {
  beforeEach(() => {
    vi.restoreAllMocks()
    vi.spyOn(machine, 'inspectMachine').mockReturnValue({ ...machine.inspectMachine(), cpu_features: ['avx512_bf16'] })
  })

  test('auto chooses the fastest engine and device, and reports all times', async () => {
    const measure = taking({ onnxruntime: 0.3, 'abacus (cpu)': 0.4, 'abacus (wood)': 0.2, sliderule: 0.1 })
    expect(await chooseEngine({ engine: 'auto' }, config, measure)).toMatchObject({
      ...{ name: 'sliderule', device: 'sliderule:bamboo', engine: { device: 'sliderule (bamboo)' } },
      note:
        'Engine: Slide rule on sliderule:bamboo, the fastest in a small training step: 100 ms ' +
        '(Abacus on abacus:wood: 200 ms, ONNX Runtime: 300 ms, Abacus: 400 ms).',
    })
  })

  test('auto rules out an engine that fails during the measurement', async () => {
    const measure = vi.fn(async ({ name }: Engine) => {
      if (name === 'sliderule') throw new SpanforgeError('Slide rule: the bamboo broke')
      return name === 'abacus' ? 0.1 : 0.2
    })
    expect((await chooseEngine({ engine: 'auto' }, config, measure)).name).toBe('abacus')
    const failing = vi.fn(async () => Promise.reject(new SpanforgeError('broken')))
    await expect(chooseEngine({ engine: 'auto' }, config, failing)).rejects.toThrow(
      /^engine: no engine supports float32 on this machine:\n {2}OPENVINO_DIR: [\s\S]*\n {2}broken/,
    )
  })

  test('auto chooses the fastest engine on the given device', async () => {
    const choice = { engine: 'auto', device: 'cpu' }
    const { name, note } = await chooseEngine(choice, config, taking({ onnxruntime: 0.3, abacus: 0.1 }))
    expect(name).toBe('abacus')
    expect(note).toBe('Engine: Abacus, the fastest in a small training step: 100 ms (ONNX Runtime: 300 ms).')
  })

  test('auto measures nothing if only one engine has the device', async () => {
    const measure = taking({})
    const { name, note } = await chooseEngine({ engine: 'auto', device: 'sliderule:bamboo' }, config, measure)
    expect([name, note]).toEqual(['sliderule', 'Engine: Slide rule on sliderule:bamboo, the only one available.'])
    expect(measure).not.toHaveBeenCalled()
  })

  test('bf16 chooses the fastest engine that supports it', async () => {
    registerEngine(entryOf('napier', "Napier's bones", ['cpu']))
    const measure = taking({ abacus: 0.2, napier: 0.1, sliderule: 0.05 })
    expect((await chooseEngine({ bf16: true }, config, measure)).device).toBe('sliderule:bamboo')
    const { name, note } = await chooseEngine({ bf16: true, device: 'cpu' }, config, measure)
    expect(name).toBe('napier')
    expect(note).toBe("Engine: Napier's bones, the fastest in a small training step: 100 ms (Abacus: 200 ms).")
    expect(measure).toHaveBeenCalledWith(expect.anything(), config, 'bfloat16')
  })
})

test('names that are taken, reserved or unsuitable for a command line are rejected', () => {
  for (const name of ['onnxruntime', 'abacus', 'auto', 'cpu', '', 'a:b', 'Two words'])
    expect(() => registerEngine(entryOf(name, 'X', ['cpu'])), name).toThrow(/^engine: .* cannot be registered/)
})
