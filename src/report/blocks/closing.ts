import { type Block, facts, heading, type NamedValue, paragraph, table } from '../render/document.ts'
import { byteSize, count, counted, decimal, duration, percentScore, rate, scoreText } from '../render/format.ts'
import { columns } from '../render/table.ts'
import { bestOfSeveral, bestPoint, evaluations, type Point, placeOf } from '../summary/history.ts'
import type { RunSummary, SavedFile } from '../summary/run.ts'
import { tooFewQuestions, trends } from '../summary/trend.ts'
import { lossBlocks } from './loss.ts'
import { overfittingBlocks } from './overfitting.ts'

/** File name of the learning curve. */
export const learningCurveFile = 'learning_curve.svg'

/** The report shown after training: metrics, losses by epoch, the meaning of the loss, and the saved files. */
export const closing = (run: RunSummary): Block[] => [
  heading('Training'),
  facts(
    ['Time', durationFact(run.train_metrics.train_runtime)],
    ['Mean training loss', `${decimal(run.train_metrics.train_loss, 4)} (all steps)`],
    ['Steps', stepsFact(run)],
    [
      'Speed',
      `${rate(run.train_metrics.train_samples_per_second, 'samples')}, ${rate(run.train_metrics.train_steps_per_second, 'steps')}`,
    ],
  ),
  heading('Losses by epoch'),
  ...lossesByEpoch(run),
  ...evaluationBlocks(run),
  ...lossBlocks(run),
  ...savedFiles(run.saved_files),
]

function lossesByEpoch(run: RunSummary): Block[] {
  const points = evaluations(run.log_history, run.score_intervals)
  if (!points.length)
    return [
      paragraph('The run was never evaluated. Use `--eval_strategy epoch` with a validation file to see its losses.'),
    ]
  const [best, bestOnCurve] = [bestPoint(run), bestOfSeveral(run)]
  const isJudged = tooFewQuestions(run.data.validation?.questions) === undefined
  const words = isJudged ? trends(points) : undefined
  const scored = points.some(({ exact_match, f1 }) => exact_match !== undefined || f1 !== undefined)
  return [
    table({
      columns: [
        ...columns('>Epoch', '>Step', '>Training loss', '>Validation loss'),
        ...(scored ? columns('>Exact match', '>F1') : []),
        ...(words ? columns('Trend') : []),
      ],
      rows: points.map((point, i) => [
        Number.isInteger(point.epoch) ? String(point.epoch) : point.epoch.toFixed(2),
        count(point.step),
        point.train_loss === undefined ? 'no log' : decimal(point.train_loss, 4),
        decimal(point.eval_loss, 4),
        ...(scored
          ? [scoreText(point.exact_match, point.intervals?.exact_match), scoreText(point.f1, point.intervals?.f1)]
          : []),
        ...(words ? [words[i]] : []),
      ]),
      marked: best && points.indexOf(points.find(({ step }) => step === best.step)!),
    }),
    ...intervalNote(run, points),
    ...overfittingBlocks(run, points),
    {
      kind: 'figure',
      file: learningCurveFile,
      alt: `Learning curve: training and validation loss by epoch${bestOnCurve ? `, best at ${placeOf(bestOnCurve)}` : ''}.`,
    },
  ]
}

/** Explains the ranges after the scores, and why some rows have none. */
function intervalNote({ data }: RunSummary, points: readonly Point[]): Block[] {
  const known = points.filter(({ intervals }) => intervals)
  if (known.length === 0) return []
  const over = data.validation ? ` over ${counted(data.validation.questions, 'validation question')}` : ''
  const missing = known.length < points.length
  return [
    paragraph(
      `The ranges in parentheses are 95 % bootstrap intervals${over}.`,
      ...(missing ? ['Evaluations by spanforge 0.1.0, before the run was resumed, have none.'] : []),
    ),
  ]
}

function evaluationBlocks({ eval_metrics: metrics, eval_intervals, train_metrics, data, best }: RunSummary): Block[] {
  if (!metrics) return []
  const faster = metrics.eval_samples_per_second / train_metrics.train_samples_per_second
  const scores: NamedValue[] = []
  if (metrics.eval_exact_match !== undefined)
    scores.push(['Exact match', percentScore(metrics.eval_exact_match, eval_intervals?.exact_match)])
  if (metrics.eval_f1 !== undefined) scores.push(['F1', percentScore(metrics.eval_f1, eval_intervals?.f1)])
  if (eval_intervals) scores.push(['In parentheses', '95 % bootstrap interval over the questions'])
  return [
    heading('Evaluation'),
    facts(
      ['Model', best?.loaded ? `the best checkpoint, step ${count(best.step)}` : 'the weights after the last step'],
      ['Validation loss', decimal(metrics.eval_loss, 4)],
      ...scores,
      ...(data.validation
        ? [
            [
              'Evaluated on',
              `${counted(data.validation.questions, 'question')}, ${counted(data.validation.windows, 'window')}`,
            ] as const,
          ]
        : []),
      ['Time', durationFact(metrics.eval_runtime)],
      [
        'Speed',
        `${rate(metrics.eval_samples_per_second, 'samples')}, ${decimal(faster, 1)} times the speed of training`,
      ],
    ),
  ]
}

function savedFiles(files: readonly SavedFile[]): Block[] {
  if (!files.length) return []
  const total = files.reduce((sum, file) => sum + file.bytes, 0)
  return [
    heading('Saved files'),
    table({
      columns: columns('File', '>Size', 'Purpose'),
      rows: [
        ...files.map(({ name, bytes: size }) => [name, byteSize(size), purposeOf(name)]),
        ['Total', byteSize(total), `${counted(files.length, 'file')}`],
      ],
    }),
  ]
}

const durationFact = (seconds: number): string =>
  seconds < 60 ? duration(seconds) : `${decimal(seconds)} s (${duration(seconds)})`

function stepsFact({ total_steps, train_metrics: { train_skipped_steps } }: RunSummary): string {
  if (!train_skipped_steps) return count(total_steps)
  return `${count(total_steps)}, of which ${count(train_skipped_steps)} were skipped because loss or gradients were not finite`
}

/** The purpose of a file in an output folder; '' for unknown files. */
export function purposeOf(file: string): string {
  const name = file.split('/').at(-1) ?? file
  return purposes.find(([pattern]) => pattern.test(name))?.[1] ?? ''
}

const purposes: readonly [RegExp, string][] = [
  [/^config\.json$/, 'model architecture and settings'],
  [/^answer_settings\.json$/, 'threshold for "no answer", confidence of answers'],
  [/^model.*\.safetensors$/, 'weights'],
  [/^(model\.safetensors|pytorch_model\.bin)\.index\.json$/, 'index of the weight files'],
  [/^pytorch_model.*\.bin$/, 'weights in the older PyTorch format'],
  [/^tokenizer\.json$/, 'complete tokenizer'],
  [/^tokenizer_config\.json$/, 'tokenizer settings'],
  [/^special_tokens_map\.json$/, 'special tokens'],
  [/^vocab\.txt$/, 'vocabulary, one token per line'],
  [/^trainer_state\.json$/, 'history of the run'],
  [/^training_args\.json$/, 'arguments of the run'],
  [/^train_results\.json$/, 'training metrics'],
  [/^eval_results\.json$/, 'evaluation metrics'],
  [/^all_results\.json$/, 'all metrics'],
  [/^run_digests\.json$/, 'digests of the data and the base model'],
  [/^log\.jsonl$/, 'logged losses and metrics, one entry per line'],
  [/^learning_curve\.(svg|png)$/, 'learning curve'],
  [/^README\.md$/, 'model card for the hub'],
  [/^report\.(html|md)$/, 'this report'],
  [/^model\.onnx$/, 'evaluation graph with weights'],
  [/^(nbest_)?predictions\.json$/, 'answers to the validation questions'],
  [/^null_odds\.json$/, 'score of "no answer" minus that of the best answer'],
  [/^events\.out\.tfevents\./, 'TensorBoard log'],
]
