import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Screen } from '../runs/screen/screen.ts'
import type { FineTuneOptions, RunOutcome } from '../runs/train/fine-tune.ts'
import type { PreparedRun } from '../runs/train/prepare.ts'
import { DASHBOARD_FILE } from '../runs/train/run-files.ts'
import { runSetup } from '../runs/train/summary.ts'
import type { Example } from '../squad/types.ts'
import type { TrainingArguments } from '../training/arguments/arguments.ts'
import type { TrainingEvent } from '../training/loop/events.ts'
import { Hold } from './hold.ts'
import { earlierLines, Journal } from './journal.ts'
import type { Action, LiveSource } from './live-source.ts'
import { RecordLog } from './record-log.ts'
import type { Pulse, RunRecord, RunStatus } from './records.ts'
import { StepPoints } from './step-points.ts'
import { asWatched, chooseQuestions, predictionOf } from './watched-questions.ts'
import { watchedScreen } from './watched-screen.ts'

export interface LiveRunOptions {
  /** Asks the run to finish its step, save and end: what Ctrl-C does. */
  readonly stop: () => void
  /** Aborted by `stop`, or by Ctrl-C. */
  readonly signal?: AbortSignal
  readonly screen: Screen
}

/** What can be asked for: in which states of the run, and which it is in then. */
const ACTIONS: Readonly<Record<Action, { readonly from: readonly RunStatus[]; readonly to: RunStatus }>> = {
  pause: { from: ['running'], to: 'pausing' },
  resume: { from: ['pausing', 'paused'], to: 'running' },
  stop: { from: ['preparing', 'running', 'pausing', 'paused'], to: 'stopping' },
}

/** After these no step follows. */
const LAST: readonly RunStatus[] = ['finishing', 'finished', 'interrupted', 'failed']

/** Milliseconds after which what has gathered is told while somebody looks. */
const WATCHED = 500

/** And for the journal alone. */
const UNWATCHED = 10_000

/**
 * A run in progress, for the dashboard. Training waits for nothing here but a pause: events leave numbers in arrays,
 * and a timer turns what has gathered into records, for the journal and for whoever looks.
 */
export class LiveRun implements LiveSource {
  readonly name: string
  private readonly journal: Journal
  private readonly points = new StepPoints()
  private readonly timer: NodeJS.Timeout
  private waiting: RunRecord[] = []
  private toldAt = performance.now()
  private status: RunStatus = 'preparing'
  private step = 0
  private lastEvent = performance.now()
  private watched: readonly { readonly index: number; readonly example: Example }[] = []
  private readonly hold = new Hold()
  private activity: Pulse['activity']
  private isJournalling = false

  private constructor(
    private readonly args: TrainingArguments,
    readonly log: RecordLog,
    private readonly options: LiveRunOptions,
  ) {
    this.name = args.output_dir
    this.journal = new Journal(join(args.output_dir, DASHBOARD_FILE), (error) =>
      options.screen.print(`The dashboard's record of this run is not kept: ${(error as Error).message}`),
    )
    this.timer = setInterval(() => this.tick(), WATCHED)
    this.timer.unref()
    this.tell({ type: 'setup', at: Date.now(), arguments: { ...args }, questions: [] })
    this.become('preparing')
  }

  /** Before the run begins. A run that goes on begins with what its earlier sessions recorded. */
  static async create(args: TrainingArguments, options: LiveRunOptions): Promise<LiveRun> {
    const path = join(args.output_dir, DASHBOARD_FILE)
    const earlier = args.resume_from_checkpoint === null ? [] : await earlierLines(path)
    return new LiveRun(args, new RecordLog(earlier), options)
  }

  /** What `fineTune` is to be given. */
  get hooks(): Pick<FineTuneOptions, 'screen' | 'listeners' | 'control' | 'onPrepared'> {
    return {
      screen: watchedScreen(this.options.screen, {
        // In between, events say what there is to say.
        onNote: (text) => this.status === 'preparing' && this.note(text),
        onActivity: (activity) => {
          this.activity = activity
        },
      }),
      listeners: [(event) => this.hear(event)],
      control: { signal: this.options.signal, hold: () => this.hold.until },
      onPrepared: (run) => this.prepared(run),
    }
  }

  pulse(): Pulse {
    const { step, activity } = this
    const memory = process.memoryUsage.rss()
    // Kilobytes, on every system.
    const peak_memory = Math.max(memory, process.resourceUsage().maxRSS * 1024)
    return { at: Date.now(), step, memory, peak_memory, ...(activity && { activity }) }
  }

  /** @throws UsageError where the run is in no state for that */
  control(action: Action): void {
    const { status } = this
    const { from, to } = ACTIONS[action]
    if (!from.includes(status)) throw new UsageError(`${action}: the run is ${status}`)
    if (action === 'pause') this.hold.begin()
    if (action === 'resume') this.hold.end()
    this.become(to)
    if (action === 'stop') this.options.stop()
  }

  /** The run has come to its end. */
  ended(outcome: RunOutcome): void {
    if (outcome.status === 'finished') this.become('finished')
    else
      this.become('interrupted', outcome.folder ? `Everything is in ${outcome.folder}.` : 'There was nothing to save.')
  }

  failed(error: unknown): void {
    this.become('failed', error instanceof Error ? error.message : String(error))
  }

  /** The page is gone; the training continues. */
  lostServer(error: unknown): void {
    this.options.screen.print(`The dashboard has stopped: ${(error as Error).message}. The training continues.`)
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.flush()
    await this.journal.settled()
  }

  private prepared(run: PreparedRun): void {
    const { model, data, device } = runSetup(run)
    const examples = run.validation?.examples ?? []
    this.watched = chooseQuestions(examples).map((index) => ({ index, example: examples[index] }))
    this.tell({
      type: 'setup',
      at: Date.now(),
      arguments: { ...this.args },
      device,
      model: {
        name: model.name,
        parameters: run.loaded.model.num_parameters(),
        layers: model.num_hidden_layers,
        hidden: model.hidden_size,
      },
      data,
      questions: this.watched.map(({ example }) => asWatched(example)),
    })
  }

  private hear(event: TrainingEvent): void {
    const now = performance.now()
    const seconds = (now - this.lastEvent) / 1000
    this.lastEvent = now
    switch (event.type) {
      case 'start':
        this.begin(event)
        break
      case 'step':
        this.step = event.global_step
        this.points.add(event.global_step, event.epoch, event, seconds)
        break
      case 'log':
        this.waiting.push({ type: 'log', entry: { ...event.entry } })
        break
      case 'evaluate': {
        const predictions = this.watched.map(({ index, example }) =>
          predictionOf(example, event.evaluation.answers[index]),
        )
        const { entry, is_best } = event
        this.waiting.push({ type: 'evaluate', entry: { ...entry }, is_best, predictions })
        break
      }
      case 'save':
        this.note(`saved ${event.folder}`)
        break
      case 'best loaded':
        this.note(`loaded the best checkpoint, ${event.folder}`)
        break
      case 'stopped early':
        this.note(
          event.is_out_of_time
            ? `stopped after step ${event.global_step}: max_minutes is used up`
            : `stopped early after step ${event.global_step}: evaluations no longer get better`,
        )
        break
      case 'paused':
        this.become('paused')
        break
      case 'resumed':
        this.hold.end()
        if (this.status === 'paused') this.become('running')
        break
      case 'end':
        this.become('finishing')
    }
  }

  private begin({ plan, global_step, state }: Extract<TrainingEvent, { type: 'start' }>): void {
    this.step = global_step
    this.points.begin(plan.max_steps)
    this.tell({
      type: 'start',
      at: Date.now(),
      step: global_step,
      max_steps: plan.max_steps,
      steps_per_epoch: plan.steps_per_epoch,
      log_history: [...state.log_history],
      best_step: state.best_global_step,
    })
    // Only now is what an earlier run left in the folder gone.
    this.isJournalling = true
    this.journal.begin(this.log.all)
    if (this.status === 'preparing') this.become('running')
  }

  private note(text: string): void {
    this.waiting.push({ type: 'note', at: Date.now(), text })
  }

  private become(status: RunStatus, message?: string): void {
    this.status = status
    this.tell({ type: 'status', at: Date.now(), status, ...(message !== undefined && { message }) })
  }

  private tell(record: RunRecord): void {
    this.waiting.push(record)
    this.flush({ unfinished: record.type === 'status' && LAST.includes(record.status) })
  }

  private tick(): void {
    if (this.log.isWatched || performance.now() - this.toldAt >= UNWATCHED) this.flush()
  }

  private flush({ unfinished } = { unfinished: false }): void {
    this.toldAt = performance.now()
    const steps = this.points.take(process.memoryUsage.rss(), { unfinished })
    const records: RunRecord[] = steps ? [{ type: 'steps', ...steps }, ...this.waiting] : this.waiting
    if (records.length === 0) return
    this.waiting = []
    const lines = records.map((record) => this.log.append(record))
    if (this.isJournalling) this.journal.append(lines)
  }
}
