import { spawnSync } from 'node:child_process'

const UNSHARE = ['-Urpf', '--mount-proc', '--kill-child']

/** Whether processes can be started in a separate PID namespace, as in a container. */
export const hasPidNamespaces = spawnSync('unshare', [...UNSHARE, 'true']).status === 0

if (!hasPidNamespaces) console.warn('SKIPPED (needs unshare, and user namespaces): tests in another PID namespace')

/** Returns a command line that runs `argv` in a separate PID namespace. */
export const inOwnPidNamespace = (argv: readonly string[]): string[] => ['unshare', ...UNSHARE, ...argv]
