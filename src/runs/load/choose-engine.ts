import { SpanforgeError, UsageError } from '../../errors.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import { type Engine, type Precision, precisionOf, type ReducedPrecision } from '../../runtime/engine.ts'
import type { EngineEntry } from '../../runtime/engine-entry.ts'
import { type EngineName, engineEntries, engineEntry, enginesOn, openEngine } from '../../runtime/registry.ts'
import { hasBfloat16, inspectMachine } from '../machine.ts'
import { secondsOfStep } from './measure-engine.ts'

/** The engine, device and precision that flags or arguments ask for: the precision of anything that is computed. */
export interface EngineChoice extends ReducedPrecision {
  readonly engine?: EngineName | 'auto' | null
  /**
   * `auto` is every device. Default: every device with engine `auto`, bf16 or fp16; otherwise `cpu`, or the engine's first
   * device if it has no `cpu`.
   */
  readonly device?: string | null
  /** Variant of an exported model to answer with. */
  readonly dtype?: string
}

export interface ChosenEngine {
  readonly name: EngineName
  /** Name of the device, as for `--device`. */
  readonly device: string
  readonly engine: Engine
  /** Explains the choice, if the engine was chosen by measuring. */
  readonly note?: string
}

/** An engine on one of its devices. */
interface EnginePlace {
  readonly entry: EngineEntry
  readonly device: string
}

interface EngineCandidate extends EnginePlace {
  readonly engine: Engine
}

interface TimedCandidate extends EngineCandidate {
  readonly seconds: number
}

/** Why engines and devices were ruled out. */
type Rejections = SpanforgeError[]

/**
 * Opens the requested engine. By default, this is the first engine in the registry no matter what else is installed, so
 * that the same command produces the same bits. A device that only one engine has selects that engine, and bf16 or fp16
 * the engines that support it. If several engines qualify, or with `auto`, a small step of the model is timed on each
 * engine and each device.
 * @throws UsageError for incompatible options, SpanforgeError if an engine is missing
 */
export async function chooseEngine(
  choice: EngineChoice,
  config: ModelConfig,
  measure = secondsOfStep,
): Promise<ChosenEngine> {
  const wanted = wantedBy(choice)
  const { engine: asked, device, precision } = wanted
  const rejections: Rejections = []
  const places = await placesFor(wanted, rejections)
  const candidates = await open(places, precision, rejections)
  const timed: TimedCandidate[] = []
  if (candidates.length > 1)
    for (const candidate of candidates)
      await unlessRejected(rejections, async () => {
        timed.push({ ...candidate, seconds: await measure(candidate.engine, config, precision) })
      })
  timed.sort((a, b) => a.seconds - b.seconds)
  const [best] = candidates.length > 1 ? timed : candidates
  if (!best) throw rejectionOf(rejections, device, precision)
  const chosen = { name: best.entry.name, device: best.device, engine: best.engine }
  if (timed.length > 1) return { ...chosen, note: timesNote(timed) }
  if (asked !== 'auto' && candidates.length === 1) return chosen
  const reasons = rejections.map(({ message }) => message).join(' ')
  return { ...chosen, note: `Engine: ${titleOf(best)}, the only one available. ${reasons}`.trimEnd() }
}

interface Wanted {
  readonly engine: EngineChoice['engine']
  /** The only device to choose from, if there is one. */
  readonly device: string | undefined
  /** Whether all devices of an engine are measured, rather than its first one used. */
  readonly everyDevice: boolean
  readonly precision: Precision
}

function wantedBy({ engine, device, ...reduced }: EngineChoice): Wanted {
  const precision = precisionOf(reduced)
  const isReduced = precision !== 'float32'
  const everyDevice = device === 'auto' || engine === 'auto' || (!engine && isReduced)
  if (device !== 'auto') return { engine, device: device ?? undefined, everyDevice, precision }
  return { engine: engine || isReduced ? engine : 'auto', device: undefined, everyDevice, precision }
}

/** The engines and devices to choose from. */
async function placesFor(
  { engine, device, everyDevice, precision }: Wanted,
  rejections: Rejections,
): Promise<EnginePlace[]> {
  const entries = entriesFor(engine, device, precision)
  if (device) return entries.map((entry) => ({ entry, device }))
  const places: EnginePlace[] = []
  for (const entry of entries)
    await unlessRejected(rejections, async () => {
      if (!everyDevice && entry.devices.includes('cpu')) return void places.push({ entry, device: 'cpu' })
      const facts = (await entry.inspect())?.devices ?? []
      const usable = everyDevice ? facts.filter(({ is_software }) => !is_software) : facts
      if (facts.length > 0 && usable.length === 0)
        throw new SpanforgeError(`${entry.title}: ${facts[0].full_name} is a program that computes on the CPU.`)
      const found = usable.map(({ device }) => device)
      // If no device is found, opening the engine reports the reason.
      const devices = found.length > 0 ? found : entry.devices.slice(0, 1)
      places.push(...(everyDevice ? devices : devices.slice(0, 1)).map((device) => ({ entry, device })))
    })
  return places
}

function entriesFor(asked: Wanted['engine'], device: Wanted['device'], precision: Precision): readonly EngineEntry[] {
  const able = device ? enginesOn(device) : engineEntries()
  if (asked === 'auto') return able
  if (asked) return [engineEntry(asked)]
  return precision === 'float32' ? able.slice(0, 1) : able.filter(({ precisions }) => precisions.includes(precision))
}

/** Opens the engines that support the precision, and records why the others are ruled out. */
async function open(
  places: readonly EnginePlace[],
  precision: Precision,
  rejections: Rejections,
): Promise<EngineCandidate[]> {
  const candidates: EngineCandidate[] = []
  for (const place of places)
    await unlessRejected(rejections, async () => {
      const engine = await openEngine(place.entry.name, place.device)
      if (engine.precisions.includes(precision)) candidates.push({ ...place, engine })
      else rejections.push(cannotCompute(engine, place, precision, places.length > 1))
    })
  return candidates
}

/** Rules out an engine that is missing or fails. Usage errors are thrown. */
async function unlessRejected(rejections: Rejections, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof SpanforgeError) || error instanceof UsageError) throw error
    rejections.push(error)
  }
}

const titleOf = ({ entry, device }: EnginePlace): string =>
  device === 'cpu' ? entry.title : `${entry.title} on ${device}`

const FLAGS: Readonly<Record<Precision, string>> = { float32: '', bfloat16: 'bf16', float16: 'fp16' }

function cannotCompute(
  { device, lacks }: Engine,
  place: EnginePlace,
  precision: Precision,
  isOneOfSeveral: boolean,
): SpanforgeError {
  if (isOneOfSeveral) return new SpanforgeError(`${titleOf(place)} does not support ${precision} on this machine.`)
  const flag = FLAGS[precision]
  const names = engineEntries()
    .filter(({ name, precisions }) => name !== place.entry.name && precisions.includes(precision))
    .map(({ name }) => name)
  const others = names.length > 0 ? `, or choose another engine: ${names.join(' or ')}` : ''
  const why = lacks?.[precision]
  return new UsageError(
    `${flag}: ${device} does not support ${precision}${why ? `: ${why}` : ''}`,
    `Leave out ${flag} to compute in float32${others}.`,
  )
}

/** If the processor has no bfloat16, the error says so first, because installing an engine would not help. */
function rejectionOf(rejections: Rejections, device: EngineChoice['device'], precision: Precision): SpanforgeError {
  const processor = precision === 'bfloat16' && (device ?? 'cpu') === 'cpu' ? rejectedProcessor() : undefined
  if (processor) return processor
  if (rejections.length === 1 && (precision === 'float32' || device || rejections[0] instanceof UsageError))
    return rejections[0]
  const reasons = rejections.map(({ message }) => `\n  ${message}`)
  return new SpanforgeError(
    `engine: no engine supports ${precision} on ${device ?? 'this machine'}${reasons.length > 0 ? ':' : ''}${reasons.join('')}`,
    { remedy: precision === 'float32' ? undefined : `Leave out ${FLAGS[precision]} to compute in float32.` },
  )
}

function rejectedProcessor(): UsageError | undefined {
  const machine = inspectMachine()
  const { cpu, cpu_features } = machine
  if (process.arch !== 'x64' || cpu_features.length === 0 || hasBfloat16(machine)) return undefined
  return new UsageError(
    `bf16: this processor (${cpu}) does not support bfloat16: it has neither AVX512_BF16 nor AMX`,
    'Leave out bf16 to compute in float32.',
  )
}

function timesNote([best, ...others]: readonly TimedCandidate[]): string {
  const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`
  const slower = others.map((other) => `${titleOf(other)}: ${milliseconds(other.seconds)}`).join(', ')
  return `Engine: ${titleOf(best)}, the fastest in a small training step: ${milliseconds(best.seconds)} (${slower}).`
}
