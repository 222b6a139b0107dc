import { loadPretrained, randomModel } from './src/inference/pretrained.ts'
import { parseConfig } from './src/models/registry.ts'
import { parseArguments } from './src/training/arguments/arguments.ts'
import { Stepper } from './src/training/loop/stepper.ts'
import { pickBatches } from './benchmarks/speed/batches.ts'
import { readDataset } from './benchmarks/speed/data.ts'
import { engineWith } from './benchmarks/speed/engine.ts'
const [model_, steps_] = [process.env.MODEL ?? 'bert-base', Number(process.env.STEPS ?? 8)]
const folder = '/work/shared/models/minilm-l6-h384'
const { windows } = await readDataset('/work/shared/data/squad-train-articles.json', folder, 3000)
const { timed } = pickBatches(windows, 'grouped', steps_)
const engine = await engineWith({ precision: 'bfloat16' }, 'onednn')
const model = model_ === 'bert-base' ? randomModel(parseConfig({ model_type: 'bert' }, 'b'), { engine }) : (await loadPretrained(folder, { engine })).model
const s = await Stepper.open(model, parseArguments({ max_tokens_per_pass: Number(process.env.PASS ?? 1536), bf16: true }, 'x'), timed.length) as any
const t: Record<string, number> = {}
const wrap = (o: any, k: string, name = k) => { const f = o[k].bind(o); o[k] = (...a: any[]) => { const b = performance.now(); const r = f(...a); const done = () => { t[name] = (t[name] ?? 0) + performance.now() - b }; if (r?.then) return r.then((x: any) => { done(); return x }); done(); return r } }
wrap(s, 'gradients'); wrap(s, 'gradientNorm'); wrap(s.optimizer, 'step', 'optimizer'); wrap(s.source, 'reset'); wrap(s.source, 'join'); wrap(s, 'passes'); wrap(s.draws, 'masks', 'masks?')
const lanes: number[][] = []; const add = s.source.add.bind(s.source); s.source.add = async (p: any, m: any, l: any) => { const b = performance.now(); const r = await add(p, m, l); (lanes[l ?? 0] ??= []).push(performance.now() - b); return r }
import { nativeMemory } from './src/native/koffi.ts'
const { ffi } = nativeMemory(); const madvise = ffi.load(null).func('madvise', 'int', ['void *', 'size_t', 'int'])
const advise = (a: Float32Array, how: number) => { const P = 2 ** 21; const bytes = new Uint8Array(a.buffer); const at = nativeMemory().addressOf(bytes); const from = Math.ceil(at / P) * P, to = Math.floor((at + bytes.length) / P) * P; const b = performance.now(); console.log('madvise', how, (to - from) / 1e6, madvise(from, to - from, how), (performance.now() - b).toFixed(0) + ' ms') }
if (process.env.PAGES) advise(s.trained.gradients.data, 14)
let cpu = process.cpuUsage(); let start = 0, ends: number[] = []
for (const [i, b] of [timed[0], timed[0], ...timed].entries()) { if (i === 2) { start = performance.now(); for (const k in t) t[k] = 0; lanes.length = 0; cpu = process.cpuUsage() } if (process.env.PAGES === '2' && i === 1) { const o = await s.source.others[1]; advise(o.sums.dense.data, 14); advise(o.sums.dense.data, 25); advise(s.trained.gradients.data, 25) }
 const b0 = performance.now(); await s.step(i % timed.length, [b], windows); ends.push(performance.now() - b0) }
const n = timed.length
const used = process.cpuUsage(cpu); console.log('cpu', ((used.user + used.system) / n / 1000).toFixed(0), 'step', ((performance.now() - start) / n).toFixed(0), Object.entries(t).map(([k, v]) => `${k} ${(v / n).toFixed(0)}`).join('  '), 'lanes', lanes.map(l => (l.reduce((a, b) => a + b, 0) / n).toFixed(0)).join(' '), '| steps', ends.map(e => e.toFixed(0)).join(' '))
await s.release(); await model.release()
