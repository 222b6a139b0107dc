/** Training watched live, and past runs compared, in a web page. */

export { type Dashboard, type DashboardOptions, DEFAULT_HOST, DEFAULT_PORT, startDashboard } from './server.ts'
export { type WatchedRun, type WatchOptions, watchRun } from './watch-run.ts'
