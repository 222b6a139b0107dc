import type { Command } from 'commander'

/** A command as `spanforge --help` lists it, and how to load the rest: only the one that runs is loaded. */
export interface CommandEntry {
  readonly name: string
  /** The heading that help puts it under. */
  readonly group: string
  readonly summary: string
  /** What follows the name on the command line. */
  readonly usage: string
  readonly load: () => Promise<Command>
}

const TRAIN_AND_USE = 'Train and use:'
const LOOK_INSIDE = 'Look inside:'
const BY_NAME = 'Models and data sets by name:'

export const commandEntries: readonly CommandEntry[] = [
  {
    name: 'demo',
    group: TRAIN_AND_USE,
    summary: 'fine-tune a small BERT on made-up data, in a few minutes and without a network',
    usage: '[options]',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  {
    name: 'train',
    group: TRAIN_AND_USE,
    summary: 'fine-tune a BERT on SQuAD or data like it: train, evaluate, save, report',
    usage: '[options]',
    load: async () => (await import('./train.ts')).trainCommand(),
  },
  {
    name: 'sweep',
    group: TRAIN_AND_USE,
    summary: 'train with several arguments, one run after another, and compare: grid or random search',
    usage: '[options]',
    load: async () => (await import('./sweep.ts')).sweepCommand(),
  },
  {
    name: 'evaluate',
    group: TRAIN_AND_USE,
    summary: 'measure loss, exact match and F1 of models on a data file, and see what goes wrong',
    usage: '[options]',
    load: async () => (await import('./evaluate.ts')).evaluateCommand(),
  },
  {
    name: 'answer',
    group: TRAIN_AND_USE,
    summary: 'answer questions from texts of any length',
    usage: '[options]',
    load: async () => (await import('./answer.ts')).answerCommand(),
  },
  {
    name: 'predict',
    group: TRAIN_AND_USE,
    summary: 'answer all questions of a file; can be interrupted and resumed',
    usage: '[options]',
    load: async () => (await import('./predict.ts')).predictCommand(),
  },
  {
    name: 'serve',
    group: TRAIN_AND_USE,
    summary: 'serve models: a page to ask questions on, and a JSON API',
    usage: '[options] <model...>',
    load: async () => (await import('./serve.ts')).serveCommand(),
  },
  {
    name: 'dashboard',
    group: LOOK_INSIDE,
    summary: 'look at runs and compare them in a web page',
    usage: '[options] [folder]',
    load: async () => (await import('./dashboard.ts')).dashboardCommand(),
  },
  {
    name: 'inspect',
    group: LOOK_INSIDE,
    summary: 'show the architecture of a model, layer by layer; a config.json alone is enough',
    usage: '[options] <folder>',
    load: async () => (await import('./inspect.ts')).inspectCommand(),
  },
  {
    name: 'data',
    group: LOOK_INSIDE,
    summary: 'check, split, sample, merge and convert data files, and data sets by name',
    usage: '<command>',
    load: async () => (await import('./data.ts')).dataCommand(),
  },
  {
    name: 'doctor',
    group: LOOK_INSIDE,
    summary: 'show what this machine has for training, measure its peak, estimate how long a training takes',
    usage: '[options]',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
  {
    name: 'download',
    group: BY_NAME,
    summary: 'download a model or a data set from the hub into the cache; afterwards it works offline',
    usage: '[options] <name>',
    load: async () => (await import('./download.ts')).downloadCommand(),
  },
  {
    name: 'cache',
    group: BY_NAME,
    summary: 'list, check or tidy the cache of models and data sets',
    usage: '<command>',
    load: async () => (await import('./cache.ts')).cacheCommand(),
  },
  {
    name: 'push',
    group: BY_NAME,
    summary: 'upload a saved model with its model card to the hub (needs HF_TOKEN)',
    usage: '[options] <folder> <name>',
    load: async () => (await import('./push.ts')).pushCommand(),
  },
]
