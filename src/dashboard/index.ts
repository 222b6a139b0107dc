/** A web page to watch training and compare runs. */

export { type Dashboard, type DashboardOptions, DEFAULT_HOST, DEFAULT_PORT, startDashboard } from './server.ts'
export { type WatchedRun, type WatchOptions, watchRun } from './watch-run.ts'
