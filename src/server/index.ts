/** The HTTP service, described in docs/deployment.md. */
export { SERVER_DEFAULTS } from './defaults.ts'
export { Metrics } from './models/metrics.ts'
export { Models, modelSources } from './models/models.ts'
export { type RunningServer, startServer } from './server.ts'
