import type { Engine, Precision } from './engine.ts'

/** A device that an engine supports. */
export interface DeviceFacts {
  /** A value of `--device`, such as `cpu` or `openvino:GPU`. */
  readonly device: string
  readonly full_name: string
  readonly precisions: readonly Precision[]
  /** Optional features of a WebGPU device, such as shader-f16. */
  readonly features?: readonly string[]
  /** Whether a program computes on the CPU in place of a graphics card. It is never chosen by measuring. */
  readonly is_software?: boolean
  /** Memory of the device, if it is known. */
  readonly memory_bytes?: number
  /** Size of the largest tensor that the device supports, if it is known. */
  readonly largest_buffer_bytes?: number
}

/** An engine found on this machine. */
export interface EngineFacts {
  readonly version: string
  /** Human-readable origin, such as a package manager. */
  readonly source: string
  /** The shared library to load; null for an engine bundled with spanforge. */
  readonly library: string | null
  readonly devices: readonly DeviceFacts[]
}

/** Registry entry of an engine. Nothing is loaded until the engine is inspected or opened. */
export interface EngineEntry {
  /** A value of `--engine`. */
  readonly name: string
  /** Human-readable name. */
  readonly title: string
  /**
   * Examples of supported `--device` values: `cpu`, the name of the engine if it has a default device, or an
   * engine-specific device in the form `NAME:DEVICE`.
   */
  readonly devices: readonly string[]
  /** Precisions that the engine supports on some machine. An open engine lists those it supports on this machine. */
  readonly precisions: readonly Precision[]
  /**
   * Speed of training BERT-base in bfloat16 on a processor with AVX512_BF16, relative to the default engine in float32
   * (benchmarks/README.md).
   */
  readonly bfloat16_speedup?: number
  /** The command that installs the engine; null if it is bundled with spanforge. */
  readonly install: string | null
  /**
   * Describes the engine on this machine. Returns undefined if it is not installed.
   * @throws SpanforgeError if an installation was found but cannot be used
   */
  inspect(): Promise<EngineFacts | undefined>
  /**
   * Opens the engine on `cpu` or on one of its own devices, given without the `NAME:` prefix. An empty
   * string selects its default device.
   * @throws SpanforgeError if the engine or the device is not available
   */
  open(device: string): Promise<Engine>
}
