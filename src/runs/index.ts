/** Whole runs, as `spanforge train` and programs start them. */

export { type FineTuneOptions, fineTune, type RunOutcome } from './fine-tune.ts'
export type { Listener } from './listener.ts'
export { type HubChoice, type LoadedModel, loadModel, modelFolder } from './load-model.ts'
export { readArguments } from './read-arguments.ts'
export type { AllResults } from './results.ts'
export { noScreen, type Screen } from './screen.ts'
