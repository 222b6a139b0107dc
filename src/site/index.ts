/** Sites that answer questions without a server. */
export { type ExportedSite, type ExportSiteOptions, exportSite } from './export-site.ts'
export type { SiteDtype } from './manifest.ts'
export type { SiteSource } from './site-model.ts'
