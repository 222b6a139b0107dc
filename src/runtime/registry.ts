/** The engines that spanforge computes with. To add one, write its entry and list it here. */
import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { Engine } from './engine.ts'
import type { EngineEntry } from './engine-entry.ts'
import { onnxruntimeEntry } from './onnxruntime.ts'
import { openvinoEntry } from './openvino/index.ts'

/** The engine of programs that name none. It is the registry's first and needs no opening. */
export { onnxruntime as defaultEngine } from './onnxruntime.ts'

const ENTRIES: EngineEntry[] = [onnxruntimeEntry, openvinoEntry]

/** In the order in which they are listed and measured; the first is the default. */
export const engineEntries = (): readonly EngineEntry[] => ENTRIES

/** A value of `--engine` other than auto. */
export type EngineName = string

export const engineNames = (): EngineName[] => ENTRIES.map(({ name }) => name)

/** The values of `--engine`. */
export const engineChoices = (): ['auto', ...EngineName[]] => ['auto', ...engineNames()]

/**
 * Adds an engine for this process. Arguments and flags take its name if it is added before they are loaded.
 * @throws UsageError for a name that is taken or cannot be one
 */
export function registerEngine(entry: EngineEntry): void {
  const { name } = entry
  if (!/^[a-z][a-z0-9_-]*$/.test(name) || name === 'auto' || name === 'cpu' || engineNames().includes(name))
    throw new UsageError(`engine: ${showValue(name)} cannot be registered: expected a new name in lower-case letters`)
  ENTRIES.push(entry)
}

/** @throws UsageError for a name that no engine has */
export function engineEntry(name: EngineName): EngineEntry {
  const entry = ENTRIES.find((known) => known.name === name)
  if (!entry) throw new UsageError(`engine: found ${showValue(name)}, expected one of ${engineChoices().join(', ')}`)
  return entry
}

const hasOwnDevices = ({ name, devices }: EngineEntry): boolean => devices.some((known) => known.startsWith(`${name}:`))

/** What `--device` takes, in words. */
export function deviceChoices(): string {
  const own = ENTRIES.flatMap(({ name, devices }) =>
    devices.filter((known) => known.startsWith(`${name}:`)).slice(0, 1),
  )
  return own.length > 0 ? `cpu, or a device of an engine's own, such as ${own.join(' or ')}` : 'cpu'
}

/**
 * The engines that compute on a device: all that have a CPU on `cpu`, one alone on a device of its own.
 * @throws UsageError for what is not the name of a device
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
 * @throws UsageError where the two do not go together, SpanforgeError where engine or device are missing
 */
export async function openEngine(name: EngineName, device = 'cpu'): Promise<Engine> {
  const entry = engineEntry(name)
  const able = enginesOn(device)
  if (able.includes(entry)) return entry.open(device === 'cpu' ? device : splitDevice(device)[1])
  if (device === 'cpu')
    throw new UsageError(
      `device: ${entry.title} does not compute on cpu`,
      `Choose one of its own: ${entry.devices[0]}.`,
    )
  const [owner] = able
  throw new UsageError(
    `device: ${device} belongs to ${owner.title}, not to ${entry.title}`,
    `Choose engine ${owner.name}.`,
  )
}
