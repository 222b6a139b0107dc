import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { WriteError } from '../../files/explain.ts'
import type { HttpApp } from '../../server/http/app.ts'
import { HttpProblem } from '../../server/http/problem.ts'
import { exportExamples, squadFile } from '../export.ts'
import { importDataFile } from '../import/import.ts'
import { type ImportCounts, noImports } from '../import/imported.ts'
import type { AnnotationAction, NewEvent } from '../project/events.ts'
import { newId, type Project } from '../project/project.ts'
import {
  ActionRequest,
  ActionResult,
  annotationFailures,
  Disagreements,
  ImportRequest,
  ImportResult,
  PassageDetail,
  PassageList,
  PassagesQuery,
  ProjectInfo,
  ProjectQuery,
} from './contract.ts'
import { passageDetail, passageList, projectInfo, revisionOf, type ShownProject, shownDisagreements } from './views.ts'

/** Routes that show and change a project. */
export function annotationRoutes(app: HttpApp, shown: ShownProject): void {
  const { project, suggestions, onShow } = shown

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(
    '/api/project',
    {
      schema: {
        operationId: 'project',
        tags: ['Project'],
        summary: 'The documents, the annotators and the progress of the project',
        querystring: ProjectQuery,
        response: { 200: ProjectInfo, ...annotationFailures },
      },
    },
    async ({ query }) => {
      onShow?.()
      return projectInfo(shown, query.annotator)
    },
  )

  app.get(
    '/api/passages',
    {
      schema: {
        operationId: 'passages',
        tags: ['Passages'],
        summary: 'List passages',
        querystring: PassagesQuery,
        response: { 200: PassageList, ...annotationFailures },
      },
    },
    async ({ query }) => passageList(shown, query),
  )

  app.get(
    '/api/passages/:id',
    {
      schema: {
        operationId: 'passage',
        tags: ['Passages'],
        summary: 'A passage with its questions and the suggestions of the model',
        params: z.object({ id: z.string() }),
        querystring: ProjectQuery,
        response: { 200: PassageDetail, ...annotationFailures },
      },
    },
    async ({ params, query }) => {
      if (!project.state.passages.has(params.id)) throw new HttpProblem(404, 'Unknown passage.')
      return passageDetail(shown, params.id, query.annotator)
    },
  )

  app.post(
    '/api/actions',
    {
      schema: {
        operationId: 'act',
        tags: ['Annotation'],
        summary: 'Ask, edit, answer, comment, skip or decide, as an annotator',
        description: 'The response is sent once the change is on disk. The same request can be repeated.',
        body: ActionRequest,
        response: { 200: ActionResult, ...annotationFailures },
      },
    },
    async ({ body }) => {
      const id = await storing(() => perform(project, body))
      suggestions?.start()
      return { ...(id !== undefined && { id }), revision: revisionOf(shown) }
    },
  )

  app.get(
    '/api/disagreements',
    {
      schema: {
        operationId: 'disagreements',
        tags: ['Annotation'],
        summary: 'The questions to which annotators have given different answers',
        response: { 200: Disagreements, ...annotationFailures },
      },
    },
    async () => shownDisagreements(project),
  )

  app.get(
    '/api/export',
    {
      schema: {
        operationId: 'export',
        tags: ['Project'],
        summary: 'The annotated questions as SQuAD JSON',
        produces: ['application/json'],
      },
    },
    async (_request, reply) => {
      const exported = exportExamples(project.state)
      if (exported.examples.length === 0) throw new HttpProblem(409, 'No question has an answer yet.')
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="annotations.json"')
        .serializer((text: string) => text)
        .send(squadFile(exported))
    },
  )

  app.post(
    '/api/import',
    {
      schema: {
        operationId: 'import',
        tags: ['Project'],
        summary: 'Add the questions of a file',
        body: ImportRequest,
        response: { 200: ImportResult, ...annotationFailures },
      },
    },
    async ({ body: { name, content } }) => {
      const counts = await storing(() => importContent(project, basename(name), content))
      suggestions?.start()
      return counts
    },
  )
}

/** Stores an action. Returns the id of the question that it is about. */
async function perform(project: Project, action: AnnotationAction): Promise<string | undefined> {
  if (action.type !== 'question') {
    await project.append([action as NewEvent])
    return 'id' in action ? action.id : undefined
  }
  const { id = newId(), passage, question } = action
  return project.change((state) => {
    // Clients repeat a request whose response they have not received.
    if (state.questions.get(id)?.passage === passage) return [[], id]
    // Two annotators who ask the same question answer one question.
    const same = state.sameQuestion(state.passage(passage), question)
    return same ? [[], same.id] : [[{ ...action, id } as NewEvent], id]
  })
}

async function importContent(project: Project, name: string, content: string): Promise<ImportCounts> {
  const folder = await mkdtemp(join(tmpdir(), 'spanforge-import-'))
  const counts = noImports()
  try {
    const path = join(folder, 'data')
    await writeFile(path, content)
    await importDataFile(project, path, counts, name)
    return counts
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Tells the client when the disk, not its request, is at fault. */
async function storing<T>(store: () => Promise<T>): Promise<T> {
  try {
    return await store()
  } catch (error) {
    if (!(error instanceof WriteError)) throw error
    throw new HttpProblem(507, `The change could not be saved: ${error.summary}`, {
      remedy: error.options.remedy,
      cause: error,
    })
  }
}
