import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { QueueOptions } from './batch-queue.ts'
import type { Models, ServedModel } from './models.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** The service's metrics for Prometheus. */
export class Metrics {
  readonly registry = new Registry()
  private readonly requests = this.histogram('http_request_duration_seconds', 'Time to answer a request.', SECONDS, [
    'method',
    'route',
    'status',
  ])
  private readonly passes = this.histogram('pass_duration_seconds', 'Time to compute a pass.', SECONDS, ['model'])
  private readonly windows = this.histogram(
    'pass_windows',
    'Windows computed together.',
    [1, 2, 4, 8, 16, 32, 64],
    ['model'],
  )
  private readonly tokens = this.counter('tokens_total', 'Tokens computed.', ['model'])
  private readonly questions = this.counter('questions_total', 'Questions answered.', ['model'])
  private readonly keptQuestions = this.counter('questions_kept_total', 'Entries added to the question log.', [])
  private readonly unkeptQuestions = this.counter(
    'questions_not_kept_total',
    'Entries that could not be added to the question log, because it is full, the disk is slow, or writing failed.',
    ['reason'],
  )
  private readonly hangUps = this.counter(
    'requests_dropped_total',
    'Requests whose client disconnected before the response.',
    [],
  )

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Adds gauges for the models' queues and load times. */
  watch(models: Models): void {
    const inMemory = () => models.inMemory
    const current = () => models.all
    const requests = 'Requests being read, waiting or computed.'
    this.gauge('queue_requests', requests, inMemory, ({ queue }) => queue.waiting.requests)
    this.gauge('queue_tokens', 'Tokens waiting to be computed.', inMemory, ({ queue }) => queue.waiting.tokens)
    this.gauge('models_in_memory', 'Models in memory: 2 while a replaced one still answers.', inMemory, () => 1)
    this.gauge('model_loaded_seconds', 'Unix time at which the model was loaded, in seconds.', current, ({ loaded }) =>
      Math.round(loaded.getTime() / 1000),
    )
    this.gauge(
      'model_info',
      'The revision that answers.',
      current,
      () => 1,
      ({ identity }) => ({ ...identity }),
    )
  }

  request(method: string, route: string, status: number, milliseconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, milliseconds / 1000)
  }

  dropped(): void {
    this.hangUps.inc()
  }

  answered(model: string, questions: number): void {
    this.questions.inc({ model }, questions)
  }

  /** Counts entries of the question log. */
  logged(entries: number): void {
    this.keptQuestions.inc(entries)
  }

  /** Counts entries that are missing in the question log. */
  unlogged(reason: 'full' | 'busy' | 'error', entries: number): void {
    if (entries > 0) this.unkeptQuestions.inc({ reason }, entries)
  }

  /** Returns the callback that records the passes of a model's queue. */
  onPass(model: string): NonNullable<QueueOptions['onPass']> {
    return ({ windows, tokens, milliseconds }) => {
      this.passes.observe({ model }, milliseconds / 1000)
      this.windows.observe({ model }, windows)
      this.tokens.inc({ model }, tokens)
    }
  }

  private histogram(name: string, help: string, buckets: number[], labelNames: string[]): Histogram {
    return new Histogram({ name: `spanforge_${name}`, help, buckets, labelNames, registers: [this.registry] })
  }

  private counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `spanforge_${name}`, help, labelNames, registers: [this.registry] })
  }

  /** Adds a gauge with the sum of the values of all models that have the same labels. */
  private gauge(
    name: string,
    help: string,
    models: () => readonly ServedModel[],
    value: (model: ServedModel) => number,
    labels: (model: ServedModel) => Record<string, string> = ({ id }) => ({ model: id }),
  ): void {
    new Gauge({
      name: `spanforge_${name}`,
      help,
      labelNames: ['model', 'revision'],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const model of models()) this.inc(labels(model), value(model))
      },
    })
  }
}
