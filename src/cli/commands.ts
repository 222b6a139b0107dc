import type { Command } from 'commander'

/** A command as listed by `spanforge --help`. Only the command that runs is loaded. */
export interface CommandEntry {
  readonly name: string
  /** Heading in the help. */
  readonly group: string
  readonly summary: string
  /** Arguments after the name on the command line. */
  readonly usage: string
  readonly load: () => Promise<Command>
}

const TRAIN_AND_USE = 'Train and use:'
const INSPECT = 'Inspect:'
const BY_NAME = 'Models and datasets by name:'

export const commandEntries: readonly CommandEntry[] = [
  {
    name: 'demo',
    group: TRAIN_AND_USE,
    summary: 'fine-tune a small BERT on generated data in a few minutes, without a network',
    usage: '[options]',
    load: async () => (await import('./commands/demo.ts')).demoCommand(),
  },
  {
    name: 'train',
    group: TRAIN_AND_USE,
    summary: 'fine-tune a model on SQuAD or similar data, evaluate and save it, and write a report',
    usage: '[options]',
    load: async () => (await import('./commands/train.ts')).trainCommand(),
  },
  {
    name: 'adapt',
    group: TRAIN_AND_USE,
    summary: 'prepare a model for fine-tuning by training it on questions made from your documents',
    usage: '[options] [docs...]',
    load: async () => (await import('./commands/adapt.ts')).adaptCommand(),
  },
  {
    name: 'sweep',
    group: TRAIN_AND_USE,
    summary: 'search training arguments (grid or random search) and compare the runs',
    usage: '[options]',
    load: async () => (await import('./commands/sweep.ts')).sweepCommand(),
  },
  {
    name: 'evaluate',
    group: TRAIN_AND_USE,
    summary: 'compute loss, exact match and F1 of models, and analyze their errors',
    usage: '[options]',
    load: async () => (await import('./commands/evaluate.ts')).evaluateCommand(),
  },
  {
    name: 'answer',
    group: TRAIN_AND_USE,
    summary: 'answer questions from texts of any length',
    usage: '[options]',
    load: async () => (await import('./commands/answer.ts')).answerCommand(),
  },
  {
    name: 'predict',
    group: TRAIN_AND_USE,
    summary: 'answer all questions of a file; can be interrupted and resumed',
    usage: '[options]',
    load: async () => (await import('./commands/predict.ts')).predictCommand(),
  },
  {
    name: 'merge',
    group: TRAIN_AND_USE,
    summary: 'merge the shards of predict, evaluate or sweep',
    usage: '[options] <output> [shards...]',
    load: async () => (await import('./commands/merge.ts')).mergeCommand(),
  },
  {
    name: 'serve',
    group: TRAIN_AND_USE,
    summary: 'serve models with a web page and a JSON API',
    usage: '[options] [model...]',
    load: async () => (await import('./commands/serve.ts')).serveCommand(),
  },
  {
    name: 'promote',
    group: TRAIN_AND_USE,
    summary: 'replace a served model, unless a paired test finds the new one worse',
    usage: '[options] <old> [new]',
    load: async () => (await import('./commands/promote.ts')).promoteCommand(),
  },
  {
    name: 'index',
    group: TRAIN_AND_USE,
    summary: 'make documents searchable, to answer questions from all of them',
    usage: '[options] [docs...]',
    load: async () => (await import('./commands/index-documents.ts')).indexCommand(),
  },
  {
    name: 'annotate',
    group: TRAIN_AND_USE,
    summary: 'annotate your own documents with questions and answers on a web page',
    usage: '[options] [data_or_texts...]',
    load: async () => (await import('./commands/annotate.ts')).annotateCommand(),
  },
  {
    name: 'export',
    group: TRAIN_AND_USE,
    summary: 'export models to ONNX for other runtimes, or as a web page that needs no server',
    usage: '[options] [folder...]',
    load: async () => (await import('./commands/export.ts')).exportCommand(),
  },
  {
    name: 'dashboard',
    group: INSPECT,
    summary: 'view and compare runs in a web page',
    usage: '[options] [folder]',
    load: async () => (await import('./commands/dashboard.ts')).dashboardCommand(),
  },
  {
    name: 'inspect',
    group: INSPECT,
    summary: 'show the architecture of a model layer by layer; config.json is sufficient',
    usage: '[options] <folder>',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand(),
  },
  {
    name: 'data',
    group: INSPECT,
    summary: 'check, split, sample, merge and convert datasets',
    usage: '<command>',
    load: async () => (await import('./commands/data.ts')).dataCommand(),
  },
  {
    name: 'doctor',
    group: INSPECT,
    summary: "show this machine's hardware and engines, and estimate training times",
    usage: '[options]',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
  {
    name: 'download',
    group: BY_NAME,
    summary: 'download a model or dataset from the hub for offline use',
    usage: '[options] <name>',
    load: async () => (await import('./commands/download.ts')).downloadCommand(),
  },
  {
    name: 'cache',
    group: BY_NAME,
    summary: 'list, verify or prune cached models and datasets',
    usage: '<command>',
    load: async () => (await import('./commands/cache.ts')).cacheCommand(),
  },
  {
    name: 'push',
    group: BY_NAME,
    summary: 'upload a saved model and its model card to the hub (requires HF_TOKEN)',
    usage: '[options] <folder> <name>',
    load: async () => (await import('./commands/push.ts')).pushCommand(),
  },
]
