import { SpanforgeError, UsageError } from '../../errors.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import type { EngineEntry } from '../../runtime/engine-entry.ts'
import { type EngineName, engineEntries, engineEntry, enginesOn, openEngine } from '../../runtime/registry.ts'
import { inspectMachine } from '../doctor/machine.ts'
import { secondsOfStep } from './measure-engine.ts'

/** As flags and arguments say it. */
export interface EngineChoice {
  readonly engine?: EngineName | 'auto' | null
  /** Default: every device with `auto` or bf16; otherwise `cpu`, or the engine's own where it has no other. */
  readonly device?: string | null
  /** Whether anything is to be computed in bfloat16. */
  readonly bf16?: boolean
}

export interface ChosenEngine {
  readonly name: EngineName
  /** As `--device` takes it. */
  readonly device: string
  readonly engine: Engine
  /** What was chosen and why, where it was chosen by measuring. */
  readonly note?: string
}

/** An engine on one of its devices. */
interface Place {
  readonly entry: EngineEntry
  readonly device: string
}

interface EngineCandidate extends Place {
  readonly engine: Engine
}

interface TimedCandidate extends EngineCandidate {
  readonly seconds: number
}

/** What cannot compute, and why. */
type Refusals = SpanforgeError[]

/**
 * Opens the engine that was asked for. Without a name it is the first of the registry, whatever else is installed, so
 * that the same command gives the same bits. A device of an engine's own asks for that engine, bf16 for those that may
 * compute in it. Where several can do what is asked for, or with `auto`, a small step of the model is timed on each
 * engine and each device.
 * @throws UsageError for what does not go together, SpanforgeError for what is missing
 */
export async function chooseEngine(
  choice: EngineChoice,
  config: ModelConfig,
  measure = secondsOfStep,
): Promise<ChosenEngine> {
  const { engine: asked, bf16 = false } = choice
  const precision = bf16 ? 'bfloat16' : 'float32'
  const refusals: Refusals = []
  const places = await placesFor(choice, refusals)
  const candidates = await open(places, precision, refusals)
  const timed: TimedCandidate[] = []
  if (candidates.length > 1)
    for (const candidate of candidates)
      await unlessRefused(refusals, async () => {
        timed.push({ ...candidate, seconds: await measure(candidate.engine, config, precision) })
      })
  timed.sort((a, b) => a.seconds - b.seconds)
  const [best] = candidates.length > 1 ? timed : candidates
  if (!best) throw refusalOf(refusals, choice.device, precision)
  const chosen = { name: best.entry.name, device: best.device, engine: best.engine }
  if (timed.length > 1) return { ...chosen, note: timesNote(timed) }
  if (asked !== 'auto' && candidates.length === 1) return chosen
  const reasons = refusals.map(({ message }) => message).join(' ')
  return { ...chosen, note: `Engine: ${titleOf(best)}, the only one here. ${reasons}`.trimEnd() }
}

/** The engines and devices to choose from. */
async function placesFor({ engine: asked, device, bf16 }: EngineChoice, refusals: Refusals): Promise<Place[]> {
  const entries = entriesFor(asked, device, bf16)
  if (device) return entries.map((entry) => ({ entry, device }))
  const places: Place[] = []
  for (const entry of entries)
    await unlessRefused(refusals, async () => {
      const chosenHere = asked !== 'auto' && (asked || !bf16)
      if (chosenHere && entry.devices.includes('cpu')) return void places.push({ entry, device: 'cpu' })
      const found = (await entry.inspect())?.devices.map((facts) => facts.device) ?? []
      // Where none is found, opening the engine says why.
      const devices = found.length > 0 ? found : entry.devices.slice(0, 1)
      places.push(...(chosenHere ? devices.slice(0, 1) : devices).map((device) => ({ entry, device })))
    })
  return places
}

function entriesFor(
  asked: EngineChoice['engine'],
  device: EngineChoice['device'],
  bf16 = false,
): readonly EngineEntry[] {
  const able = device ? enginesOn(device) : engineEntries()
  if (asked === 'auto') return able
  if (asked) return [engineEntry(asked)]
  return bf16 ? able.filter(({ precisions }) => precisions.includes('bfloat16')) : able.slice(0, 1)
}

/** Opens the engines that can compute this, and says why the others cannot. */
async function open(places: readonly Place[], precision: Precision, refusals: Refusals): Promise<EngineCandidate[]> {
  const candidates: EngineCandidate[] = []
  for (const place of places)
    await unlessRefused(refusals, async () => {
      const engine = await openEngine(place.entry.name, place.device)
      if (engine.precisions.includes(precision)) candidates.push({ ...place, engine })
      else refusals.push(cannotCompute(engine, place, places.length > 1))
    })
  return candidates
}

/** An engine that is missing or fails is one less to choose from; a wrong command line stays an error. */
async function unlessRefused(refusals: Refusals, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof SpanforgeError) || error instanceof UsageError) throw error
    refusals.push(error)
  }
}

const titleOf = ({ entry, device }: Place): string => (device === 'cpu' ? entry.title : `${entry.title} on ${device}`)

function cannotCompute({ device, lacks }: Engine, place: Place, isOneOfSeveral: boolean): SpanforgeError {
  if (isOneOfSeveral) return new SpanforgeError(`${titleOf(place)} does not compute in bfloat16 here.`)
  return new UsageError(
    `bf16: ${device} cannot compute in bfloat16${lacks ? `: ${lacks}` : ''}`,
    'Leave it out and compute in float32.',
  )
}

/** That the processor cannot do it comes first, before anybody installs something that could not help. */
function refusalOf(refusals: Refusals, device: EngineChoice['device'], precision: Precision): SpanforgeError {
  const processor = precision === 'bfloat16' && (device ?? 'cpu') === 'cpu' ? refusedProcessor() : undefined
  if (processor) return processor
  if (refusals.length === 1) return refusals[0]
  const reasons = refusals.map(({ message }) => `\n  ${message}`)
  return new SpanforgeError(
    `engine: none computes in ${precision}${device ? ` on ${device}` : ' here'}${reasons.length > 0 ? ':' : ''}${reasons.join('')}`,
  )
}

function refusedProcessor(): UsageError | undefined {
  const { cpu, cpu_features: has } = inspectMachine()
  if (process.arch !== 'x64' || has.length === 0) return undefined
  if (has.includes('avx512_bf16') || has.includes('amx_bf16')) return undefined
  return new UsageError(
    `bf16: this processor (${cpu}) cannot multiply in bfloat16: it has neither AVX512_BF16 nor AMX`,
    'Leave it out and compute in float32.',
  )
}

function timesNote([best, ...others]: readonly TimedCandidate[]): string {
  const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`
  const rest = others.map((other) => `, ${titleOf(other)} ${milliseconds(other.seconds)}`)
  return `Engine: ${titleOf(best)}: a small step took it ${milliseconds(best.seconds)}${rest.join('')}.`
}
