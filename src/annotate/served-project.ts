import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { HttpApp } from '../server/http/app.ts'
import type { Models } from '../server/models/models.ts'
import { LOG_HEADER } from '../server/question-log/entries.ts'
import { SerialQueue } from '../threads/serial-queue.ts'
import { annotationPage, type PageParts } from './http/page.ts'
import { importDataFile } from './import/import.ts'
import { noImports } from './import/imported.ts'
import { Project } from './project/project.ts'
import { Suggestions } from './suggestions.ts'

/** Minimum milliseconds between two imports of the question log. */
const PAUSE = 5000
/** The pause is at least this many times the duration of an import. */
const COST_FACTOR = 20

/** A project that is annotated on a page of `spanforge serve`, with the suggestions of the model that it serves. */
export class ServedProject {
  private readonly imports = new SerialQueue()
  private imported = 0
  private next = 0

  private constructor(
    private readonly project: Project,
    private readonly questions: string | undefined,
  ) {}

  /**
   * Opens or creates the project in a folder. Questions are added from the question log `questions`.
   * @throws SpanforgeError if another process has it open, or its journal is corrupted
   */
  static async open(folder: string, questions: string | undefined): Promise<ServedProject> {
    return new ServedProject(await Project.open(folder), questions)
  }

  /** Adds the page to a server. */
  async register(app: HttpApp, models: Models, parts: Omit<PageParts, 'suggestions' | 'onShow'>): Promise<void> {
    const { log } = parts
    const suggestions = new Suggestions(
      () => models.get(),
      this.project.state,
      (error) => log.warn({ err: error }, 'the model cannot answer a question'),
    )
    const onShow = () => void this.imports.run(() => this.update(suggestions, log))
    app.addHook('onClose', () => suggestions.end())
    // The page loads its data from relative addresses.
    app.addHook('onRequest', async (request, reply) => {
      if (request.url === app.prefix) return reply.redirect(`${app.prefix.slice(1)}/`)
    })
    await annotationPage(app, this.project, { ...parts, suggestions, onShow })
    suggestions.start()
    onShow()
  }

  async close(): Promise<void> {
    await this.imports.run(() => this.project.close())
  }

  /** Adds what is new in the question log. */
  private async update(suggestions: Suggestions, log: FastifyBaseLogger): Promise<void> {
    const { questions: path } = this
    const started = performance.now()
    if (path === undefined || started < this.next) return
    try {
      const { size } = await stat(path)
      if (size === this.imported || size <= LOG_HEADER.length) return
      await importDataFile(this.project, path, noImports(), basename(path))
      this.imported = size
      suggestions.start()
    } catch (error) {
      log.warn({ err: error }, 'failed to add the questions of the question log to the project')
    } finally {
      const now = performance.now()
      this.next = now + Math.max(PAUSE, COST_FACTOR * (now - started))
    }
  }
}
