import type { SiteManifest } from '../../src/site/manifest.ts'
import { responseProblem, SiteFileError, UPLOAD } from './site-files.ts'

/** Downloads the list of the models and files of the site in a folder. @throws SiteFileError with a message for the user */
export async function fetchManifest(base: string): Promise<SiteManifest> {
  const response = await fetch(`${base}site.json`, { cache: 'no-cache' }).catch(() => undefined)
  const problem = responseProblem('site.json', response)
  if (problem !== undefined) throw new SiteFileError(problem)
  const manifest: SiteManifest | undefined = await response!.json().catch(() => undefined)
  if (manifest?.models) return manifest
  throw new SiteFileError(`site.json is corrupted on the host of this page: ${UPLOAD}`)
}
