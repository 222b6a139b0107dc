import { SpanforgeError } from '../../errors.ts'
import type { DType } from '../../graph/data.ts'
import type { Handle } from '../../native/find-library.ts'
import { type CompileOptions, type Executable, threadsByDefault, type Value, type Values } from '../engine.ts'
import { HeldValues } from '../held-values.ts'
import { openVinoError } from './c-library.ts'
import type { OpenVinoLibrary, PortSide } from './library.ts'

/** Values of ov_element_type_e in the C API. */
const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  bool: 1,
  float16: 3,
  float32: 4,
  int8: 7,
  int32: 9,
  int64: 10,
  uint8: 16,
}

interface Settings extends CompileOptions {
  readonly device: string
  /** The value of INFERENCE_PRECISION_HINT. */
  readonly hint: string
}

/**
 * A model compiled by OpenVINO, with a single inference request. The request keeps the addresses of its tensors between
 * runs, so held values are set only once.
 */
export class OpenVinoExecutable implements Executable {
  private readonly held: HeldValues<Value>
  /** Values set on the request, by name. The arrays must stay alive as long as the request may access them. */
  private readonly known = new Map<string, Value>()
  private running: Promise<void> = Promise.resolve()
  private released = false

  private constructor(
    private readonly library: OpenVinoLibrary,
    private readonly names: Readonly<Record<PortSide, readonly string[]>>,
    private readonly request: Handle,
    private readonly handles: Handles,
  ) {
    this.held = new HeldValues([...names.input, ...names.output], (value) => value)
  }

  /** @throws SpanforgeError if OpenVINO rejects the model or selects a different precision than requested */
  static async compile(library: OpenVinoLibrary, bytes: Uint8Array, settings: Settings): Promise<OpenVinoExecutable> {
    const { device, hint, threads } = settings
    const [passing, kept] = [new Handles(), new Handles()]
    try {
      // Each model needs its own core, because settings of a core apply to all models that it compiles.
      const core = passing.keep(library.core(), library.freeCore)
      library.setProperty(core, device, 'INFERENCE_PRECISION_HINT', hint)
      if (device === 'CPU')
        for (const [name, value] of cpuProperties(threads)) library.setProperty(core, device, name, value)
      const model = passing.keep(library.readModel(core, bytes), library.freeModel)
      const names = { input: library.names(model, 'input'), output: library.names(model, 'output') }
      const compiled = kept.keep(await library.compile(core, model, device), library.freeCompiled)
      const given = library.compiledProperty(compiled, 'INFERENCE_PRECISION_HINT')
      if (given !== hint)
        throw new SpanforgeError(`OpenVINO: requested precision ${hint} on ${device}, but OpenVINO selected ${given}`)
      const request = kept.keep(library.request(compiled), library.freeRequest)
      return new OpenVinoExecutable(library, names, request, kept)
    } catch (error) {
      kept.free()
      throw openVinoError('OpenVINO cannot load the model', error)
    } finally {
      passing.free()
    }
  }

  hold(values: Values): void {
    this.held.hold(values)
  }

  /** Does nothing: the request reads the memory on every run, on all devices. */
  invalidate(): void {}

  /** Runs are serialized, because a request has only one set of tensors. */
  run(inputs: Values, outputs: Values): Promise<void> {
    const result = this.running.then(() => this.runNow(inputs, outputs))
    this.running = result.catch(() => {})
    return result
  }

  private async runNow(inputs: Values, outputs: Values): Promise<void> {
    if (this.released) throw new SpanforgeError('runtime: this model has been released')
    try {
      this.held.rejectHeld(inputs, outputs)
      this.setAll('input', inputs)
      this.setAll('output', outputs)
      await this.library.infer(this.request)
    } catch (error) {
      throw openVinoError('OpenVINO failed', error)
    }
  }

  private setAll(side: PortSide, passed: Values): void {
    for (const [i, name] of this.names[side].entries()) {
      const value = this.held.get(name, passed)
      if (this.known.get(name) === value) continue
      this.library.setTensor(this.request, side, i, { ...value, type: ELEMENT_TYPE[value.dtype] })
      this.known.set(name, value)
    }
  }

  async release(): Promise<void> {
    await this.running
    if (this.released) return
    this.released = true
    this.handles.free()
    this.held.clear()
    this.known.clear()
  }
}

/** OpenVINO's CPU settings, by name. */
function* cpuProperties(threads = threadsByDefault()): Generator<[name: string, value: string]> {
  // Shapes rarely repeat, so a cache per shape would waste memory. See also c-library.ts.
  yield ['CPU_RUNTIME_CACHE_CAPACITY', '0']
  if (threads === 0) return
  yield ['INFERENCE_NUM_THREADS', String(threads)]
  // Given a number of threads, OpenVINO pins them to the first cores. Several processes would then share the same cores
  // while others are idle.
  yield ['ENABLE_CPU_PINNING', 'NO']
}

/** A list of handles that are freed together, in reverse order. */
export class Handles {
  private readonly frees: (() => void)[] = []

  keep(handle: Handle, free: (handle: Handle) => void): Handle {
    this.frees.push(() => free(handle))
    return handle
  }

  free(): void {
    for (const free of this.frees.splice(0).reverse()) free()
  }
}
