/**
 * Measures training on ranks in network namespaces whose links have a limited bandwidth, and compares it with the formula
 * in docs/scale.md. Needs Linux, root, ip, tc and MPICH. See README.md.
 */
import { execFileSync } from 'node:child_process'
import { Command, Option } from 'commander'
import { decimal } from '../src/report/render/format.ts'
import { MODELS, titleOf } from './speed/models.ts'
import { measuring, timesOf } from './speed/start-ranks.ts'

interface Options {
  readonly models: readonly string[]
  readonly ranks: number
  readonly rates: readonly string[]
  readonly steps: number
  readonly mpirun: string
}

const BRIDGE = 'spanforge0'
const hostOf = (i: number) => `spanforge-${i}`
/** The end of a host's link at the switch. */
const linkOf = (i: number) => `spanforge0-${i}`

const run = (command: string): void =>
  void execFileSync('sh', ['-e', '-c', command], { stdio: ['ignore', 'ignore', 'inherit'] })

/** Hosts that are connected by a switch. What each sends is limited to the rate, such as 1gbit. */
function connect(ranks: number, rate: string | undefined): void {
  run(`ip link add ${BRIDGE} type bridge; ip link set ${BRIDGE} up`)
  for (let i = 0; i < ranks; i++) {
    const inHost = `ip -n ${hostOf(i)}`
    run(`ip netns add ${hostOf(i)}
      ip link add ${linkOf(i)} type veth peer name eth0 netns ${hostOf(i)}
      ip link set ${linkOf(i)} master ${BRIDGE} up
      ${inHost} addr add 10.77.0.${i + 1}/24 dev eth0; ${inHost} link set eth0 up; ${inHost} link set lo up`)
    if (rate) run(`tc -n ${hostOf(i)} qdisc add dev eth0 root tbf rate ${rate} burst 512kb latency 20ms`)
  }
}

function disconnect(ranks: number): void {
  const links = Array.from({ length: ranks }, (_, i) => `link del ${linkOf(i)}`)
  const hosts = Array.from({ length: ranks }, (_, i) => `netns del ${hostOf(i)}`)
  run([...links, ...hosts, `link del ${BRIDGE}`].map((what) => `ip ${what} 2>/dev/null || true`).join('\n'))
}

const integer = (text: string): number => Math.floor(Number(text))

/** Messages between hosts go through their network only, as between machines: in MPICH with UCX and with libfabric. */
const NETWORK_ONLY = {
  ...{ MPIR_CVAR_NOLOCAL: '1', UCX_TLS: 'tcp,self', UCX_NET_DEVICES: 'eth0' },
  ...{ FI_PROVIDER: 'tcp', FI_TCP_IFACE: 'eth0' },
}

await new Command('network')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder with the tokenizer')
  .addOption(new Option('--models <names...>', 'models').choices(MODELS).default(['folder', 'bert-base']))
  .option('--ranks <n>', 'number of hosts, with a rank each', integer, 2)
  .option('--rates <names...>', 'bandwidths as tc spells them', ['1gbit', '10gbit'])
  .option('--steps <n>', 'timed steps; 0 measures the exchange only', integer, 3)
  .option('--mpirun <command>', "MPICH's launcher", 'mpirun.mpich')
  .action((train_file: string, folder: string, { models, ranks, rates, steps, mpirun }: Options) => {
    console.log(
      '| model | network | exchange | computed | in bfloat16 | computed | step |\n|---|---|--:|--:|--:|--:|--:|',
    )
    for (const model of models)
      for (const rate of [undefined, ...rates]) {
        disconnect(ranks)
        try {
          connect(ranks, rate)
          const command = measuring({ train_file, folder, model, steps })
          const hosts = Array.from({ length: ranks }, (_, i) => [
            '-n',
            '1',
            'ip',
            'netns',
            'exec',
            hostOf(i),
            ...command,
          ])
          const all = hosts.flatMap((host, i) => (i === 0 ? host : [':', ...host]))
          const {
            bytes,
            exchange,
            steps: seconds,
          } = timesOf([...mpirun.split(' '), ...all], {
            ...NETWORK_ONLY,
            SPANFORGE_THREADS: '1',
          })
          const bits = rate && Number.parseFloat(rate) * 1e9
          const computed = (size: number) => (bits ? `${decimal((16 * size * (ranks - 1)) / ranks / bits)} s` : '')
          const mean = seconds.reduce((sum, one) => sum + one, 0) / seconds.length
          console.log(
            `| ${titleOf(model)} | ${rate ?? 'unlimited'} | ${decimal(exchange!.float32)} s | ${computed(bytes)} | ` +
              `${decimal(exchange!.bf16)} s | ${computed(bytes / 2)} | ${steps ? `${decimal(mean)} s` : ''} |`,
          )
        } finally {
          disconnect(ranks)
        }
      }
  })
  .parseAsync()
