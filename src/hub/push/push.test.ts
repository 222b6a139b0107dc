import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { HubServer } from '../../../tests/hub-server.ts'
import { bytes, hubWorld } from '../../../tests/hub-world.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { resolveModel } from '../download/models.ts'
import { planPush } from './plan.ts'
import { pushFolder } from './push.ts'

const FILES = {
  'README.md': '---\nlicense: apache-2.0\n---\n',
  'config.json': '{"model_type":"bert"}',
  // More than two of the test hub's 64 KiB parts.
  'model.safetensors': bytes(150_000),
  'learning_curve.png': bytes(500),
  'vocab.txt': '[PAD]\n[UNK]\n[CLS]\n[SEP]\n',
  LICENSE: '',
}
/** Files that a run writes next to the model, and unrelated files. None of them may be uploaded by default. */
const STAYS = [
  'checkpoint-193/config.json',
  'dashboard.jsonl',
  'training_args.json',
  'training_args.bin',
  'trainer_state.json',
  'all_results.json',
  'log.jsonl',
  'report.html',
  'report.md',
  'optimizer.safetensors',
  'predictions.json',
  'runs/events.out.tfevents.1.my-machine.7',
  'notes.txt',
]
const NEVER = [
  '.git/config',
  '.env',
  '.run.lock',
  'model.safetensors.tmp',
  'answers.jsonl.partial',
  'answers.jsonl.partial.json',
  'answers.jsonl.lock',
]
const world = hubWorld(() => {})
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanforge-push-'))
  for (const [path, content] of [
    ...Object.entries(FILES),
    ...[...STAYS, ...NEVER].map((path) => [path, 'x'] as const),
  ]) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return () => rm(folder, { recursive: true })
})
const push = (name: string, more = {}) =>
  pushFolder(folder, name, { ...world.options, token: HubServer.TOKEN, ...more })
const pathsOf = (files: readonly { path: string }[]) => files.map(({ path }) => path)

it('plans the model, its card and the included files without network access', async () => {
  const { files, left_out } = await planPush(folder)
  expect(pathsOf(files)).toEqual(Object.keys(FILES).sort())
  expect([...left_out].sort()).toEqual([...STAYS].sort())
  const more = await planPush(folder, { include: ['report.*', 'runs/**', 'no*.txt'] })
  const asked = ['report.html', 'report.md', 'runs/events.out.tfevents.1.my-machine.7', 'notes.txt']
  expect(pathsOf(more.files)).toEqual([...Object.keys(FILES), ...asked].sort())
  for (const include of ['.env', '**/.git/*', '*.partial*', '*.lock', 'none'])
    await expect(planPush(folder, { include: [include] })).rejects.toThrow(`--include ${include} matches no file`)
  expect(world.server.requests).toEqual([])
  await rm(join(folder, 'config.json'))
  await expect(planPush(folder)).rejects.toThrow('config.json is missing')
  await expect(planPush(join(folder, 'none'))).rejects.toThrow('cannot be read')
})

it('creates the repository, and downloads the same files as were pushed', async () => {
  world.server.misbehave(/upload/, { status: 500 })
  const { uploaded, unchanged, commit } = await push('ann/new')
  expect(pathsOf(uploaded)).toEqual(Object.keys(FILES).sort())
  expect(unchanged).toEqual([])
  const { files, sha } = world.server.repository('model', 'ann/new')!.at('main')!
  expect(sha).toBe(commit)
  for (const [path, content] of Object.entries(FILES))
    expect(files.get(path)!.content.equals(Buffer.from(content)), path).toBe(true)
  expect(await resolveModel('ann/new', { ...world.options })).toContain(commit)
})

it('rejects a link to a file outside the folder', async () => {
  const secret = join(temporaryFolder(), 'secret')
  await symlink(secret, join(folder, 'tokenizer.json'))
  expect(pathsOf((await planPush(folder)).files)).not.toContain('tokenizer.json')
  await writeFile(secret, 'x')
  await expect(push('ann/links')).rejects.toThrow(/tokenizer\.json: is a link to a file outside the folder/)
  expect(world.server.requests).toEqual([])
})

it('removes local paths from uploads and leaves the local files unchanged', async () => {
  const texts = {
    'config.json': `{"_name_or_path": "/home/ann.smith/models/my-bert", "hidden_size": 1e3, "x": "C:\\\\Users\\\\ann\\\\m"}`,
    'tokenizer_config.json': JSON.stringify({
      name_or_path: 'google-bert/bert-base-uncased',
      model_max_length: 1e30,
      special_tokens_map_file: '/data/acme/special_tokens_map.json',
      added_tokens_decoder: { 1: { content: '/s/' } },
    }),
    'answer_settings.json': JSON.stringify({ fitted_on: { data: '../clients/acme/dev.json', questions: 3 } }),
    'README.md': `base_model: /data/acme/bert\n[/home/ann/b](https://huggingface.co//home/ann/b) at ${folder}/x.png, /usr/bin`,
    'learning_curve.svg': `<text>${process.cwd()}/out</text>`,
    'report.html': '<td>/data/acme/bert</td>',
    'training_args.json': '{"model": "/data/acme/bert", "train_file": "/Users/ann/train.json"}',
    'vocab.txt': '/home/ann\n[UNK]\n',
  }
  for (const [path, text] of Object.entries(texts)) await writeFile(join(folder, path), text)
  const { commit } = await push('ann/private', { include: ['report.html', 'training_args.json'] })
  const { files } = world.server.repository('model', 'ann/private')!.at(commit)!
  const sent = (path: string) => files.get(path)!.content.toString()
  expect(sent('config.json')).toBe('{"_name_or_path": "my-bert", "hidden_size": 1e3, "x": "m"}')
  expect(sent('tokenizer_config.json')).toBe(
    texts['tokenizer_config.json'].replace('/data/acme/special_tokens_map.json', 'special_tokens_map.json'),
  )
  expect(JSON.parse(sent('answer_settings.json'))).toEqual({ fitted_on: { data: 'dev.json', questions: 3 } })
  expect(sent('README.md')).toBe('base_model: bert\n[b](https://huggingface.co/b) at x.png, /usr/bin')
  expect(sent('learning_curve.svg')).toBe('<text>out</text>')
  expect(sent('report.html')).toBe('<td>bert</td>')
  expect(sent('training_args.json')).toBe('{"model": "bert", "train_file": "train.json"}')
  expect(sent('vocab.txt')).toBe(texts['vocab.txt'])
  for (const [path, text] of Object.entries(texts)) expect(await readFile(join(folder, path), 'utf8')).toBe(text)
})

it('finds paths escaped for Markdown, HTML, JSON and URLs', async () => {
  const place = "/srv/zoë's_project [1] & co/models"
  const forms = [
    place,
    "/srv/zoë's\\_project \\[1\\] & co/models",
    '/srv/zoë&#39;s_project [1] &amp; co/models',
    '/srv/zoë&#x27;s_project [1] &#38; co/models',
    encodeURI(place),
    encodeURIComponent(place).toLowerCase(),
    JSON.stringify(place).slice(1, -1).replaceAll('/', '\\/').replace('ë', '\\u00EB'),
  ]
  await writeFile(join(folder, 'training_args.json'), JSON.stringify({ model: place }))
  await writeFile(join(folder, 'README.md'), forms.map((form) => `| ${form}/my\\_data.json |\n`).join(''))
  await push('ann/written')
  const card = world.server.repository('model', 'ann/written')!.at('main')!.files.get('README.md')!.content.toString()
  expect(card).not.toMatch(/srv|project/i)
  expect(card.split('\n').slice(0, 2)).toEqual(['| my\\_data.json |', '| my\\_data.json |'])
})

it('requests over one connection leak no listeners', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => void warnings.push(warning)
  process.on('warning', onWarning)
  const large = { 'model.safetensors': bytes(900_000, 79), 'pytorch_model.bin': bytes(900_000, 80) }
  for (const [path, content] of Object.entries(large)) await writeFile(join(folder, path), content)
  await push('ann/parts')
  process.off('warning', onWarning)
  expect(world.server.requests.length).toBeGreaterThan(24)
  expect(warnings).toEqual([])
})

it('does not upload a file that contains an access token', async () => {
  await writeFile(join(folder, 'README.md'), `Use hf_${'aB3'.repeat(12)}.`)
  await expect(push('ann/token')).rejects.toThrow(/README\.md: contains an access token/)
  expect(world.server.requests).toEqual([])
})

it('searches all files for tokens, and all text files for paths', async () => {
  const token = `hf_${'aB3'.repeat(12)}`
  const files = {
    'train.sh': `export HF_TOKEN=${token}`,
    'tokenizer.json': JSON.stringify({ auth: token }),
    'log.txt': Buffer.from(`token ${token}\n`, 'utf16le'),
    'training_args.bin': Buffer.from(`\x80\x02\xff\0hub_token\0${token}\0`, 'latin1'),
  }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content)
    await expect(push('ann/tokens', { include: [name] }), name).rejects.toThrow(`${name}: contains an access token`)
    await rm(join(folder, name))
  }
  expect(world.server.requests).toEqual([])
  for (const name of ['train.sh', 'Makefile', 'settings.toml'])
    await writeFile(join(folder, name), 'data = /home/ann.smith/acme/train.json\n')
  await push('ann/texts', { include: ['train.sh', 'Makefile', 'settings.toml'] })
  const sent = world.server.repository('model', 'ann/texts')!.at('main')!.files
  for (const name of ['train.sh', 'Makefile', 'settings.toml'])
    expect(sent.get(name)!.content.toString(), name).toBe('data = train.json\n')
})

it('writes the repository name into a card without one', async () => {
  await writeFile(join(folder, 'README.md'), 'model="OWNER/out", again OWNER/out!')
  await push('ann/named')
  const card = world.server.repository('model', 'ann/named')!.at('main')!.files.get('README.md')!
  expect(card.content.toString()).toBe('model="ann/named", again ann/named!')
})

it('a second push uploads only changed files', async () => {
  await push('ann/again')
  await writeFile(join(folder, 'config.json'), '{}')
  world.server.reset()
  const { uploaded, unchanged } = await push('ann/again')
  expect(pathsOf(uploaded)).toEqual(['config.json'])
  expect(unchanged).toHaveLength(5)
  expect(world.server.requests.some(({ server }) => server === 'storage')).toBe(false)
})

it('does not send the token to the storage server', async () => {
  await writeFile(join(folder, 'model.safetensors'), bytes(1000, 77))
  await push('ann/third')
  const stored = world.server.requests.filter(({ server }) => server === 'storage')
  expect(stored.length).toBeGreaterThan(0)
  for (const { headers } of stored) expect(headers.authorization).toBeUndefined()
})

it('reports progress up to the total size of the large files', async () => {
  await writeFile(join(folder, 'model.safetensors'), bytes(140_000, 78))
  const seen: { totalReceived: number; totalSize: number }[] = []
  await push('ann/progress', { onProgress: (progress: (typeof seen)[number]) => seen.push(progress) })
  expect(seen.at(-1)).toMatchObject({ totalReceived: 140_500, totalSize: 140_500 })
})

it('rejects a push without token, network, owner or permission', async () => {
  await expect(push('ann/x', { token: '' })).rejects.toThrow(/push requires an access token[\s\S]*Set HF_TOKEN/)
  await expect(push('ann/x', { offline: true })).rejects.toThrow('push requires network access')
  await expect(push('x')).rejects.toThrow(/has no owner[\s\S]*your-name\/x/)
  expect(world.server.requests).toEqual([])
  await expect(push('ann/x', { token: 'hf_wrong' })).rejects.toThrow(
    'this token is not allowed to create the model "ann/x"',
  )
})
