/** Registry of compute engines. To add an engine, write its entry and list it here. */
import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { Engine } from './engine.ts'
import type { EngineEntry } from './engine-entry.ts'
import { onednnEntry } from './onednn/index.ts'
import { onnxruntimeEntry } from './onnxruntime.ts'
import { openvinoEntry } from './openvino/index.ts'

/** The engine used if none is specified. It is the first entry of the registry and needs no opening. */
export { onnxruntime as defaultEngine } from './onnxruntime.ts'

const ENTRIES: EngineEntry[] = [onnxruntimeEntry, openvinoEntry, onednnEntry]

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

const hasOwnDevices = ({ name, devices }: EngineEntry): boolean => devices.some((known) => known.startsWith(`${name}:`))

/** Describes the values of `--device`. */
export function deviceChoices(): string {
  const own = ENTRIES.flatMap(({ name, devices }) =>
    devices.filter((known) => known.startsWith(`${name}:`)).slice(0, 1),
  )
  return own.length > 0 ? `cpu, or a device of an engine, such as ${own.join(' or ')}` : 'cpu'
}

/**
 * Returns the engines that support a device: all CPU engines for `cpu`, otherwise the engine that owns the device.
 * @throws UsageError if the device is invalid
 */
export function enginesOn(device: string): EngineEntry[] {
  if (device === 'cpu') return ENTRIES.filter(({ devices }) => devices.includes('cpu'))
  const [name, own] = splitDevice(device)
  const owner = ENTRIES.find((entry) => entry.name === name && hasOwnDevices(entry))
  if (!owner || !own) throw new UsageError(`device: found ${showValue(device)}, expected ${deviceChoices()}`)
  return [owner]
}

function splitDevice(device: string): [name: string, own: string] {
  const colon = device.indexOf(':')
  return colon < 0 ? [device, ''] : [device.slice(0, colon), device.slice(colon + 1)]
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
