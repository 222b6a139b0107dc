/** Complete runs, as started by the command line and by programs. */

export { type HubChoice, type LoadedModel, loadModel, modelFolder } from './load/load-model.ts'
export type { Listener } from './screen/progress-listener.ts'
export { noScreen, type Screen } from './screen/screen.ts'
export { type FineTuneOptions, fineTune, type RunOutcome } from './train/fine-tune.ts'
export { readArguments } from './train/read-arguments.ts'
export type { AllResults } from './train/results.ts'
