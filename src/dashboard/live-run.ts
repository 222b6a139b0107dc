import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { DASHBOARD_FILE } from '../runs/run-files.ts'
import type { Screen } from '../runs/screen/screen.ts'
import type { FineTuneOptions, RunOutcome } from '../runs/train/fine-tune.ts'
import type { PreparedRun } from '../runs/train/prepare.ts'
import { runSetup } from '../runs/train/summary.ts'
import type { Example } from '../squad/types.ts'
import type { TrainingArguments } from '../training/arguments/arguments.ts'
import type { TrainingEvent } from '../training/loop/events.ts'
import { earlierLines, Journal } from './journal.ts'
import { type Action, type LiveSource, RecordLog } from './record-log.ts'
import type { Pulse, RunRecord, RunStatus } from './records.ts'
import { StepPoints } from './step-points.ts'
import { asWatched, chooseQuestions, predictionOf } from './watched-questions.ts'
import { watchedScreen } from './watched-screen.ts'

export interface LiveRunOptions {
  /** Makes the run finish its step, save and end, like Ctrl-C. */
  readonly stop: () => void
  /** Aborted by `stop` or Ctrl-C. */
  readonly signal?: AbortSignal
  readonly screen: Screen
}

/** For each action, the states in which it is allowed and the resulting state. */
const ACTIONS: Readonly<Record<Action, { readonly from: readonly RunStatus[]; readonly to: RunStatus }>> = {
  pause: { from: ['running'], to: 'pausing' },
  resume: { from: ['pausing', 'paused'], to: 'running' },
  stop: { from: ['preparing', 'running', 'pausing', 'paused'], to: 'stopping' },
}

/** States that no further step follows. */
const LAST: readonly RunStatus[] = ['finishing', 'finished', 'interrupted', 'failed']

/** Milliseconds between flushes while a page is open. */
const WATCHED_INTERVAL = 500

/** Milliseconds between flushes to the journal only. */
const UNWATCHED_INTERVAL = 10_000

/**
 * The dashboard's view of a run in progress. Except for pauses, it does not delay training: events only store numbers,
 * and a timer turns them into records for the journal and open pages.
 */
export class LiveRun implements LiveSource {
  readonly name: string
  private readonly journal: Journal
  private readonly points = new StepPoints()
  private readonly timer: NodeJS.Timeout
  private waiting: RunRecord[] = []
  private flushedAt = performance.now()
  private status: RunStatus = 'preparing'
  private step = 0
  private lastEvent = performance.now()
  private watched: readonly { readonly index: number; readonly example: Example }[] = []
  private readonly hold = new Hold()
  private activity: Pulse['activity']
  private isJournaling = false

  private constructor(
    private readonly args: TrainingArguments,
    readonly log: RecordLog,
    private readonly options: LiveRunOptions,
  ) {
    this.name = args.output_dir
    this.journal = new Journal(join(args.output_dir, DASHBOARD_FILE), (error) =>
      options.screen.print(`Cannot write the dashboard's record of this run: ${(error as Error).message}`),
    )
    this.timer = setInterval(() => this.tick(), WATCHED_INTERVAL)
    this.timer.unref()
    this.publish({ type: 'setup', at: Date.now(), arguments: { ...args }, questions: [] })
    this.setStatus('preparing')
  }

  /** Creates the live view before the run begins. A resumed run starts with the records of its earlier sessions. */
  static async open(args: TrainingArguments, options: LiveRunOptions): Promise<LiveRun> {
    const path = join(args.output_dir, DASHBOARD_FILE)
    const earlier = args.resume_from_checkpoint === null ? [] : await earlierLines(path)
    return new LiveRun(args, new RecordLog(earlier), options)
  }

  /** Options for `fineTune`. */
  get hooks(): Pick<FineTuneOptions, 'screen' | 'listeners' | 'control' | 'onPrepared'> {
    return {
      screen: watchedScreen(this.options.screen, {
        // Later notes duplicate events.
        onNote: (text) => this.status === 'preparing' && this.note(text),
        onActivity: (activity) => {
          this.activity = activity
        },
      }),
      listeners: [(event) => this.handle(event)],
      control: { signal: this.options.signal, hold: () => this.hold.until },
      onPrepared: (run) => this.prepared(run),
    }
  }

  pulse(): Pulse {
    const { step, activity } = this
    const memory = process.memoryUsage.rss()
    // maxRSS is in kilobytes on every platform.
    const peak_memory = Math.max(memory, process.resourceUsage().maxRSS * 1024)
    return { at: Date.now(), step, memory, peak_memory, ...(activity && { activity }) }
  }

  /** @throws UsageError if the state of the run does not allow the action */
  control(action: Action): void {
    const { status } = this
    const { from, to } = ACTIONS[action]
    if (!from.includes(status)) throw new UsageError(`${action}: the run is ${status}`)
    if (action === 'pause') this.hold.begin()
    if (action === 'resume') this.hold.end()
    this.setStatus(to)
    if (action === 'stop') this.options.stop()
  }

  /** Records the end of the run. */
  ended(outcome: RunOutcome): void {
    if (outcome.status === 'finished') this.setStatus('finished')
    else this.setStatus('interrupted', outcome.folder ? `Saved to ${outcome.folder}.` : 'Nothing was saved.')
  }

  failed(error: unknown): void {
    this.setStatus('failed', error instanceof Error ? error.message : String(error))
  }

  /** Reports a crash of the server thread. Training continues. */
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
    this.publish({
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

  private handle(event: TrainingEvent): void {
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
            ? `stopped after step ${event.global_step}: max_minutes reached`
            : `stopped early after step ${event.global_step}: no further improvement`,
        )
        break
      case 'paused':
        this.setStatus('paused')
        break
      case 'resumed':
        this.hold.end()
        if (this.status === 'paused') this.setStatus('running')
        break
      case 'end':
        this.setStatus('finishing')
    }
  }

  private begin({ plan, global_step, state }: Extract<TrainingEvent, { type: 'start' }>): void {
    this.step = global_step
    this.points.begin(plan.max_steps)
    this.publish({
      type: 'start',
      at: Date.now(),
      step: global_step,
      max_steps: plan.max_steps,
      steps_per_epoch: plan.steps_per_epoch,
      log_history: [...state.log_history],
      best_step: state.best_global_step,
    })
    // Only now have the files of an earlier run been removed from the folder.
    this.isJournaling = true
    this.journal.begin(this.log.all)
    if (this.status === 'preparing') this.setStatus('running')
  }

  private note(text: string): void {
    this.waiting.push({ type: 'note', at: Date.now(), text })
  }

  private setStatus(status: RunStatus, message?: string): void {
    this.status = status
    this.publish({ type: 'status', at: Date.now(), status, ...(message !== undefined && { message }) })
  }

  private publish(record: RunRecord): void {
    this.waiting.push(record)
    this.flush({ unfinished: record.type === 'status' && LAST.includes(record.status) })
  }

  private tick(): void {
    if (this.log.isWatched || performance.now() - this.flushedAt >= UNWATCHED_INTERVAL) this.flush()
  }

  private flush({ unfinished } = { unfinished: false }): void {
    this.flushedAt = performance.now()
    const steps = this.points.take(process.memoryUsage.rss(), { unfinished })
    const records: RunRecord[] = steps ? [{ type: 'steps', ...steps }, ...this.waiting] : this.waiting
    if (records.length === 0) return
    this.waiting = []
    const lines = records.map((record) => this.log.append(record))
    if (this.isJournaling) this.journal.append(lines)
  }
}

/** Pauses a run between two steps. */
export class Hold {
  private released: Promise<void> | undefined
  private release = () => {}

  /** Resolves when the pause ends; undefined if there is none. */
  get until(): Promise<void> | undefined {
    return this.released
  }

  begin(): void {
    this.released ??= new Promise((resolve) => {
      this.release = resolve
    })
  }

  end(): void {
    this.release()
    this.released = undefined
  }
}
