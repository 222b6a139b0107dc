import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Fault, sendFile } from './hub-server/body.ts'
import { type RepositoryOptions, ServedRepository, sibling, tree } from './hub-server/repository.ts'
import { bodyOf, sendJson, Uploads } from './hub-server/uploads.ts'

export interface SeenRequest {
  readonly server: 'hub' | 'storage'
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/**
 * A local server with the API of huggingface.co: repository information, files (large ones redirect to a second
 * server), search and uploads. It records its requests and can be made to misbehave.
 */
export class HubServer {
  /** The token with read and write access to private repositories. */
  static readonly TOKEN = 'hf_test'
  readonly requests: SeenRequest[] = []
  readonly uploads = new Uploads(64 << 10, () => this.storage)
  private readonly repositories = new Map<string, ServedRepository>()
  private readonly aliases = new Map<string, string>()
  private faults: { readonly pattern: RegExp; readonly fault: Fault; times: number }[] = []
  private readonly servers: Server[] = []
  endpoint = ''
  storage = ''

  static async start(): Promise<HubServer> {
    const hub = new HubServer()
    hub.endpoint = await hub.listen('hub')
    // A different port makes it a different origin.
    hub.storage = await hub.listen('storage')
    return hub
  }

  async close(): Promise<void> {
    for (const server of this.servers.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  add(type: 'model' | 'dataset', name: string, options?: RepositoryOptions): ServedRepository {
    const repository = new ServedRepository(type, name, options)
    this.repositories.set(`${type}s/${name}`, repository)
    return repository
  }

  repository(type: 'model' | 'dataset', name: string): ServedRepository | undefined {
    return this.repositories.get(`${type}s/${name}`)
  }

  /** Adds a former name of a repository, which redirects to the current one. */
  rename(type: 'model' | 'dataset', from: string, to: string): void {
    this.aliases.set(`${type}s/${from}`, to)
  }

  /** Applies a fault to the next `times` requests whose path matches. */
  misbehave(pattern: RegExp, fault: Fault, times = 1): void {
    this.faults.push({ pattern, fault, times })
  }

  /** Forgets requests and faults. */
  reset(): void {
    this.requests.length = 0
    this.faults = []
  }

  private async listen(name: 'hub' | 'storage'): Promise<string> {
    const server = createServer((request, response) => {
      this.requests.push({ server: name, method: request.method!, url: request.url!, headers: request.headers })
      this.answer(request, response).catch((error) => sendJson(response, { error: String(error) }, 500))
    })
    this.servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  private takeFault(path: string): Fault {
    const found = this.faults.find(({ pattern, times }) => times > 0 && pattern.test(path))
    if (!found) return {}
    found.times--
    return found.fault
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint)
    const path = decodeURIComponent(url.pathname)
    const fault = this.takeFault(path)
    if (fault.status) return void response.writeHead(fault.status, fault.headers).end(fault.text)
    if (fault.redirect) return void response.writeHead(302, { location: fault.redirect }).end()
    const stored = /^\/(content|upload)\/([0-9a-f]{64})(?:\/(\d+))?$/.exec(path)
    if (stored?.[1] === 'upload') return this.uploads.store(request, response, stored[2], stored[3])
    if (stored) return sendFile(request, response, this.stored(stored[2]), fault)
    if (path === '/api/repos/create') return this.create(request, response)
    const search = /^\/api\/(models|datasets)$/.exec(path)
    if (search) return this.search(response, search[1], url.searchParams)
    const api = /^\/api\/(models|datasets)\/(.+?)(?:\/(revision|tree|paths-info|preupload|commit)\/(.+))?$/.exec(path)
    if (api) return this.api(request, response, api[1], api[2], api[3] ?? 'revision', api[4] ?? 'main')
    const batch = /^\/(.+)\.git\/info\/lfs\/objects\/batch$/.exec(path)
    if (batch) return this.uploads.batch(request, response)
    const file = /^\/(datasets\/)?(.+?)\/resolve\/(refs\/convert\/parquet|[^/]+)\/(.+)$/.exec(path)
    if (file) return this.file(request, response, file[1] ? 'datasets' : 'models', file.slice(2), fault)
    response.writeHead(404).end()
  }

  private stored(sha256: string): Buffer {
    for (const { commits } of this.repositories.values())
      for (const files of commits.values())
        for (const file of files.values()) if (file.sha256 === sha256) return file.content
    throw new Error(`no object ${sha256}`)
  }

  private search(response: ServerResponse, kind: string, asked: URLSearchParams): void {
    const [words, author] = [asked.get('search') ?? '', asked.get('author')]
    const names = [...this.repositories].filter(([key]) => key.startsWith(`${kind}/`)).map(([, { name }]) => name)
    sendJson(
      response,
      names.filter((name) => name.includes(words) && name.startsWith(author ? `${author}/` : '')).map((id) => ({ id })),
    )
  }

  private async create(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { name, organization } = JSON.parse((await bodyOf(request)).toString())
    const id = organization ? `${organization}/${name}` : name
    if (request.headers.authorization !== `Bearer ${HubServer.TOKEN}`) return sendJson(response, {}, 401)
    if (this.repositories.has(`models/${id}`)) return sendJson(response, { error: 'exists' }, 409)
    this.add('model', id)
    sendJson(response, { url: `${this.endpoint}/${id}` })
  }

  /** Returns the repository if the request may access it; otherwise sends the error response. */
  private open(request: IncomingMessage, response: ServerResponse, kind: string, name: string) {
    const renamed = this.aliases.get(`${kind}/${name}`)
    if (renamed) {
      response.writeHead(307, { location: request.url!.replace(`/${name}`, `/${renamed}`) }).end()
      return undefined
    }
    const repository = this.repositories.get(`${kind}/${name}`)
    const access = repository?.options.access ?? 'public'
    const token = request.headers.authorization
    if (repository && (access === 'public' || token === `Bearer ${HubServer.TOKEN}`)) return repository
    const code = access === 'gated' ? 'GatedRepo' : 'RepoNotFound'
    response.writeHead(access === 'gated' && token ? 403 : 401, { 'x-error-code': code }).end()
    return undefined
  }

  private async api(
    request: IncomingMessage,
    response: ServerResponse,
    kind: string,
    name: string,
    verb: string,
    rest: string,
  ) {
    const repository = this.open(request, response, kind, name)
    if (!repository) return
    if (verb === 'preupload') return this.uploads.preupload(request, response, repository)
    if (verb === 'commit') return this.uploads.commit(request, response, repository)
    const [revision, ...folder] = repository.refs.has(rest) ? [rest] : rest.split('/')
    const found = repository.at(revision)
    if (!found) return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    const files = [...found.files.values()]
    if (verb === 'revision') {
      const { card } = repository.options
      return sendJson(response, {
        id: name,
        sha: found.sha,
        private: false,
        siblings: files.map(sibling),
        cardData: card,
      })
    }
    const recursive = /[?&]recursive=true/i.test(request.url!)
    if (verb === 'tree') return sendJson(response, tree(files, folder.join('/'), recursive))
    const paths = new URLSearchParams((await bodyOf(request)).toString()).getAll('paths')
    sendJson(
      response,
      tree(files, '', true).filter(({ path }) => paths.includes(path)),
    )
  }

  private async file(request: IncomingMessage, response: ServerResponse, kind: string, names: string[], fault: Fault) {
    const [name, revision, path] = names
    const repository = this.open(request, response, kind, name)
    if (!repository) return
    const commit = repository.at(revision)
    if (!commit) return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    response.setHeader('x-repo-commit', commit.sha)
    const file = commit.files.get(path)
    if (!file) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    if (!file.lfs) {
      response.setHeader('etag', `"${file.oid}"`)
      return sendFile(request, response, file.content, fault)
    }
    response.setHeader('x-linked-etag', `"${file.sha256}"`)
    response.setHeader('x-linked-size', file.content.length)
    response.writeHead(302, { location: `${this.storage}/content/${file.sha256}` }).end()
  }
}
