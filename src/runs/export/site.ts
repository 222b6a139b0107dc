import { realpath, rm } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { type ExportDtype, exportDtype, isOnlyExported, listVariants } from '../../checkpoint/onnx-folder.ts'
import { UsageError } from '../../errors.ts'
import { type LockedFolder, makeTemporaryFolder } from '../../export/staged-folder.ts'
import { checkSite, type ExportedSite, exportSite, type SiteCollection } from '../../site/export-site.ts'
import type { SiteSource } from '../../site/site-model.ts'
import { displayName, modelFolder } from '../load/load-model.ts'
import { modelSources } from '../load/model-sources.ts'
import { noScreen } from '../screen/screen.ts'
import { type ExportRunOptions, exportComparedOn } from './export.ts'
import { rejectedVariantsError } from './gate.ts'
import { gateQuestions } from './gate-questions.ts'
import { collectionOf } from './site-index.ts'

/**
 * Visitors download the model, so the smallest variant that loses nothing is the best: q8 if questions show that, otherwise
 * fp16, which needs no questions.
 */
const [SMALL, SAFE] = ['q8', 'fp16'] as const

export interface ExportSiteRunOptions extends ExportRunOptions {
  /** Folder of an index of documents to answer from. */
  readonly index?: string
}

/**
 * Exports a site that answers with the given models: `NAME=FOLDER`, folders or hub names. A folder with ONNX files is
 * used as it is; other models are first exported with `dtypes`, of which there may be one.
 */
export async function exportSiteOf(given: readonly string[], options: ExportSiteRunOptions): Promise<ExportedSite> {
  const { output_dir, overwrite, hub, dtypes = [], index, screen = noScreen } = options
  const [dtype, ...others] = dtypes.map(exportDtype)
  if (others.length > 0)
    throw new UsageError(
      `dtype: found ${dtypes.join(', ')}; a site has one variant of each model`,
      'Choose one of them.',
    )
  await checkSite({ output_dir, overwrite })
  const target = resolve(output_dir)
  if (index !== undefined) await rejectWithin(target, index, 'index')
  let temporary: LockedFolder | undefined
  const sources: SiteSource[] = []
  try {
    let collection: SiteCollection | undefined
    if (index !== undefined) {
      temporary = await makeTemporaryFolder(target)
      collection = await collectionOf(index, temporary.path, screen)
    }
    for (const { id, source, about } of modelSources(given)) {
      const found = await modelFolder(source, hub)
      await rejectWithin(target, found, 'model')
      const isExported = (await listVariants(found)).length > 0
      if (!isExported) temporary ??= await makeTemporaryFolder(target)
      const folder = isExported ? found : join(temporary!.path, `${sources.length}`)
      if (!isExported) await exportFirst(source, dtype, found, { ...options, output_dir: folder })
      sources.push({ id, name: displayName(source), about, exported: await isOnlyExported(found), folder, dtype })
    }
    return await exportSite(sources, { output_dir, overwrite, collection })
  } finally {
    temporary?.lock.release()
    if (temporary) await rm(temporary.path, { recursive: true, force: true })
  }
}

/** Everything in the folder of a site is published, and an index contains the paths of this machine. */
async function rejectWithin(target: string, given: string, what: 'index' | 'model'): Promise<void> {
  const [site, source] = await Promise.all([target, given].map((path) => realpath(path).catch(() => resolve(path))))
  if (`${source}${sep}`.startsWith(`${site}${sep}`))
    throw new UsageError(
      `output_dir: ${target} contains the ${what} ${given}, which would be published with the site`,
      'Choose another folder for the site.',
    )
}

/** Exports the dtype, or the first of the default ones that does not lose too much. */
async function exportFirst(
  source: string,
  dtype: ExportDtype | undefined,
  folder: string,
  options: ExportRunOptions,
): Promise<void> {
  const { screen = noScreen, hub } = options
  const questions = await gateQuestions(options, { folder, screen, hub })
  const asked = dtype ? [dtype] : questions ? [SMALL, SAFE] : [SAFE]
  if (!dtype && !questions)
    screen.print(
      `Using ${SAFE} for ${source}: there are no questions to compare ${SMALL} on, which is about half as large. ` +
        'Add --validation_file or --dataset.',
    )
  for (const [i, one] of asked.entries()) {
    const exported = await exportComparedOn(source, { ...options, dtypes: [one] }, async () => questions)
    if (exported.rejected.length === 0) return
    const error = rejectedVariantsError(exported, options)
    const next = asked[i + 1]
    if (!next) throw error
    screen.print(`${error.summary}. Trying ${next}.`)
  }
}
