/** Registry of compute engines. To add an engine, write its entry and list it here. */
import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { Engine } from './engine.ts'
import type { EngineEntry } from './engine-entry.ts'
import { onednnEntry } from './onednn/index.ts'
import { onnxruntimeEntry } from './onnxruntime.ts'
import { openvinoEntry } from './openvino/index.ts'
import { webgpuEntry } from './webgpu/index.ts'

/** The engine used if none is specified. It is the first entry of the registry and needs no opening. */
export { onnxruntime as defaultEngine } from './onnxruntime.ts'

const ENTRIES: EngineEntry[] = [onnxruntimeEntry, openvinoEntry, onednnEntry, webgpuEntry]

/** Entries in the order in which they are listed and benchmarked. The first is the default. */
export const engineEntries = (): readonly EngineEntry[] => ENTRIES

/** The name of an engine: any value of `--engine` except auto. */
export type EngineName = string

export const engineNames = (): EngineName[] => ENTRIES.map(({ name }) => name)

/** All values of `--engine`. */
export const engineChoices = (): ['auto', ...EngineName[]] => ['auto', ...engineNames()]

/**
 * Adds an engine to this process. To be accepted by arguments and flags, it must be registered before they are loaded.
 * @throws UsageError if the name is invalid or already in use
 */
export function registerEngine(entry: EngineEntry): void {
  const { name } = entry
  if (!/^[a-z][a-z0-9_-]*$/.test(name) || name === 'auto' || name === 'cpu' || engineNames().includes(name))
    throw new UsageError(
      `engine: ${showValue(name)} cannot be registered: expected an unused name in lower-case letters`,
    )
  ENTRIES.push(entry)
}

/** @throws UsageError if there is no engine with this name */
export function engineEntry(name: EngineName): EngineEntry {
  const entry = ENTRIES.find((known) => known.name === name)
  if (!entry) throw new UsageError(`engine: found ${showValue(name)}, expected one of ${engineChoices().join(', ')}`)
  return entry
}

/** Whether a device belongs to an engine: `NAME:DEVICE`, or `NAME` for its default device. */
const isOwn = ({ name }: EngineEntry, device: string): boolean => device === name || device.startsWith(`${name}:`)

const ownDevices = (entry: EngineEntry): string[] => entry.devices.filter((known) => isOwn(entry, known))

/** Describes the values of `--device`. */
export function deviceChoices(): string {
  const own = ENTRIES.flatMap((entry) => ownDevices(entry).slice(0, 1))
  return own.length > 0 ? `auto, cpu, or a device of an engine, such as ${own.join(' or ')}` : 'auto or cpu'
}

/**
 * Returns the engines that support a device: all CPU engines for `cpu`, otherwise the engine that owns the device.
 * @throws UsageError if the device is invalid
 */
export function enginesOn(device: string): EngineEntry[] {
  if (device === 'cpu') return ENTRIES.filter(({ devices }) => devices.includes('cpu'))
  const owner = ENTRIES.find((entry) => ownDevices(entry).length > 0 && isOwn(entry, device))
  const isNamed = owner?.devices.includes(device) || splitDevice(device)[1] !== ''
  if (!owner || !isNamed) throw new UsageError(`device: found ${showValue(device)}, expected ${deviceChoices()}`)
  return [owner]
}

function splitDevice(device: string): [name: string, own: string] {
  const colon = device.indexOf(':')
  return colon < 0 ? [device, ''] : [device.slice(0, colon), device.slice(colon + 1)]
}

export interface OpenedEngine {
  readonly name: EngineName
  /** Name of the device, as for `--device`. */
  readonly device: string
  readonly engine: Engine
}

/**
 * Opens an engine without measuring: the named one on the device, the one that owns the device, or the default engine. If
 * the device is not given or `auto`, it is `cpu`, or the first device of an engine that does not support `cpu`.
 */
export async function openNamed(
  engine: EngineName | 'auto' | null | undefined,
  device: string | null | undefined,
): Promise<OpenedEngine> {
  const asked = device === 'auto' ? undefined : device
  const named = engine && engine !== 'auto' ? engineEntry(engine) : enginesOn(asked ?? 'cpu')[0]
  const chosen = asked ?? (named.devices.includes('cpu') ? 'cpu' : named.devices[0])
  return { name: named.name, device: chosen, engine: await openEngine(named.name, chosen) }
}

/**
 * Opens an engine on a device.
 * @throws UsageError if the engine does not support the device
 * @throws SpanforgeError if the engine or the device is not available
 */
export async function openEngine(name: EngineName, device = 'cpu'): Promise<Engine> {
  const entry = engineEntry(name)
  const able = enginesOn(device)
  if (able.includes(entry)) return entry.open(device === 'cpu' ? device : splitDevice(device)[1])
  if (device === 'cpu')
    throw new UsageError(
      `device: ${entry.title} does not support cpu`,
      `Choose one of its devices, such as ${entry.devices[0]}.`,
    )
  const [owner] = able
  throw new UsageError(
    `device: ${device} belongs to ${owner.title}, not to ${entry.title}`,
    `Choose engine ${owner.name}.`,
  )
}
