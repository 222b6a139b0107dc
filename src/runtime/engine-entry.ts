import type { Engine, Precision } from './engine.ts'

/** What an engine can compute on. */
export interface DeviceFacts {
  /** As `--device` takes it: `cpu`, `openvino:GPU`. */
  readonly device: string
  readonly full_name: string
  readonly precisions: readonly Precision[]
}

/** An engine that was found on this machine. */
export interface EngineFacts {
  readonly version: string
  /** Where it comes from, for people. */
  readonly source: string
  /** The file that is loaded; null for a package of spanforge's own. */
  readonly library: string | null
  readonly devices: readonly DeviceFacts[]
}

/** An engine as the registry lists it. It loads nothing before it is inspected or opened. */
export interface EngineEntry {
  /** As `--engine` takes it. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** Examples of the values of `--device` that it takes: `cpu`, or its name, a colon and a device of its own. */
  readonly devices: readonly string[]
  /** What it computes in on some machine; an open engine says what it computes in here. */
  readonly precisions: readonly Precision[]
  /** The command that installs it; null for one that comes with spanforge. */
  readonly install: string | null
  /**
   * Returns what is known of it on this machine; undefined where it is not installed.
   * @throws SpanforgeError where what was found cannot be used
   */
  inspect(): Promise<EngineFacts | undefined>
  /**
   * Opens it on `cpu`, or on a device of its own, without its name and colon.
   * @throws SpanforgeError where engine or device are missing
   */
  open(device: string): Promise<Engine>
}
