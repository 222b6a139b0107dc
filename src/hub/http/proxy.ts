import type { Agent } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../../errors.ts'
import { showText } from '../../show-value.ts'

/** Environment variables, in the form of `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Returns the proxy for requests to `url`, from the environment variables that curl and Python's requests read:
 * HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, except for hosts in NO_PROXY. A lower-case name takes precedence over its
 * upper-case form, even if it is empty.
 * @throws UsageError for an invalid address or an unsupported kind of proxy
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const kinds = url.protocol === 'https:' ? ['HTTPS_PROXY', 'ALL_PROXY'] : ['HTTP_PROXY', 'ALL_PROXY']
  const name = kinds.find((kind) => variable(environment, kind) !== '')
  if (name === undefined || isExempt(url, variable(environment, 'NO_PROXY'))) return undefined
  return proxyAddress(variable(environment, name), name)
}

const variable = (environment: Environment, name: string): string =>
  (environment[name.toLowerCase()] ?? environment[name] ?? '').trim()

const SUPPORTED = ['http:', 'https:']

function proxyAddress(value: string, name: string): URL {
  // "host:port" means an HTTP proxy, as for curl and Python.
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const proxy = URL.canParse(address) ? new URL(address) : undefined
  if (proxy && SUPPORTED.includes(proxy.protocol)) return decodable(proxy)
  const found = proxy?.protocol.startsWith('socks')
    ? 'a SOCKS proxy, which is not supported'
    : 'not a valid proxy address'
  throw new UsageError(
    `${name} is "${showAddress(value)}": ${found}`,
    'Expected the address of an HTTP proxy, such as http://proxy.example.org:3128. NO_PROXY lists hosts to reach directly.',
  )
}

/** Encodes bare % characters in the user name and password, so that both can be decoded. */
function decodable(proxy: URL): URL {
  const encoded = (part: string): string => part.replace(/%(?![\da-f]{2})/gi, '%25')
  proxy.username = encoded(proxy.username)
  proxy.password = encoded(proxy.password)
  return proxy
}

/** Whether NO_PROXY, a list of host names, domains, addresses and networks with optional ports, includes the host. */
function isExempt(url: URL, noProxy: string): boolean {
  const host = withoutBrackets(url.hostname.toLowerCase())
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => entry === '*' || matches(entry, host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  // An entry that does not match the pattern is an IPv6 address or network without brackets.
  const [, name = entry, ownPort = port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
  if (ownPort !== port) return false
  if (isIP(host) !== 0) return isWithin(host, withoutBrackets(name))
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

function isWithin(host: string, network: string): boolean {
  const [address, prefix] = network.split('/')
  if (isIP(address) !== isIP(host)) return false
  const family = isIP(host) === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  const bits = Number(prefix)
  if (prefix === undefined) list.addAddress(address, family)
  else if (bits >= 0 && bits <= (family === 'ipv4' ? 32 : 128)) list.addSubnet(address, bits, family)
  return list.check(host, family)
}

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '')

/** Creates an agent that sends requests of `protocol` through a proxy and keeps connections open. */
export async function proxyAgent(proxy: URL, protocol: string): Promise<Agent> {
  if (protocol === 'https:') {
    const { HttpsProxyAgent } = await import('https-proxy-agent')
    return new HttpsProxyAgent(proxy, { keepAlive: true })
  }
  const { HttpProxyAgent } = await import('http-proxy-agent')
  return new HttpProxyAgent(proxy, { keepAlive: true })
}

/** A web address made safe for a message: user name, password, query and fragment are removed. */
export const showAddress = (address: string): string =>
  // Cuts up to the last @, because the password in an invalid address can contain any character.
  showText(address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, ''))
