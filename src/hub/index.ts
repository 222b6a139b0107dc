/** Models and data sets by name: see docs/hub.md. */
export { type CacheEntry, listCache } from './cache-list.ts'
export { findPrunable, type Prunable, prune, removeFaults, type Verification, verifyCache } from './cache-upkeep.ts'
export { type DatasetOptions, resolveDataset } from './datasets.ts'
export { loadDataset, readParquet } from './examples.ts'
export { type CardData, type CardEpoch, type CardMetric, type ModelCardSummary, modelCard } from './model-card.ts'
export { type ModelOptions, refusePath, resolveModel } from './models.ts'
export { cacheFolder, type HubOptions, type Progress } from './options.ts'
export { type PushFile, type PushOptions, type PushResult, planPush, pushFolder } from './push.ts'
