import { mkdtemp, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { exportDtype, listVariants } from '../../checkpoint/onnx-folder.ts'
import { UsageError } from '../../errors.ts'
import { makeFolder } from '../../files/explain.ts'
import { type ExportedSite, exportSite } from '../../site/export-site.ts'
import type { SiteSource } from '../../site/site-model.ts'
import { displayName, modelFolder } from '../load/load-model.ts'
import { modelSources } from '../load/model-sources.ts'
import { type ExportRunOptions, exportFolder } from './export.ts'
import { rejection } from './gate.ts'

/** Half the size of fp32, which matters more in a browser, with almost the same answers. */
const DEFAULT_DTYPE = 'fp16'

/**
 * Exports a site that answers with the given models: `NAME=FOLDER`, folders or hub names. A folder with ONNX files is
 * used as it is; other models are first exported with `dtypes`, of which there may be one.
 */
export async function exportSiteOf(given: readonly string[], options: ExportRunOptions): Promise<ExportedSite> {
  const { output_dir, overwrite, hub, dtypes = [] } = options
  const [dtype, ...others] = dtypes.map(exportDtype)
  if (others.length > 0)
    throw new UsageError(
      `dtype: found ${dtypes.join(', ')}; a site has one variant of each model`,
      'Choose one of them.',
    )
  const target = resolve(output_dir)
  let temporary: string | undefined
  const sources: SiteSource[] = []
  try {
    for (const { id, source } of modelSources(given)) {
      const found = await modelFolder(source, hub)
      const isExported = (await listVariants(found)).length > 0
      if (!isExported && !temporary) {
        makeFolder(dirname(target))
        temporary = await mkdtemp(join(dirname(target), `.${basename(target)}.onnx.`))
      }
      const folder = isExported ? found : join(temporary!, `${sources.length}`)
      if (!isExported) {
        const dtypes = [dtype ?? DEFAULT_DTYPE]
        const exported = await exportFolder(source, { ...options, output_dir: folder, dtypes })
        if (exported.rejected.length > 0) throw rejection(exported, options)
      }
      sources.push({ id, name: displayName(source), folder, dtype })
    }
    return await exportSite(sources, { output_dir, overwrite })
  } finally {
    if (temporary) await rm(temporary, { recursive: true, force: true })
  }
}
