import { expect, it } from 'vitest'
import { HttpAgents } from './exchange.ts'
import { resolveHub } from './options.ts'
import { proxyFor } from './proxy.ts'

const HUB = 'https://huggingface.co/api'
const through = (environment: Record<string, string>, url = HUB) => proxyFor(new URL(url), environment)?.href

it.each([
  ['an address', 'http://proxy:3128', 'http://proxy:3128/'],
  ['a host and a port', 'proxy:3128', 'http://proxy:3128/'],
  ['a host', 'proxy.example.org', 'http://proxy.example.org/'],
  ['an IP address and a port', '10.0.0.1:8080', 'http://10.0.0.1:8080/'],
  ['an IPv6 address', '[::1]:8080', 'http://[::1]:8080/'],
  ['a user and a password', 'ann:p%40ss@proxy:3128', 'http://ann:p%40ss@proxy:3128/'],
  ['a password with a bare %', 'http://ann:50%@proxy:3128', 'http://ann:50%25@proxy:3128/'],
  ['a proxy reached by TLS', ' HTTPS://proxy ', 'https://proxy/'],
])('HTTPS_PROXY may be %s', (_name, HTTPS_PROXY, href) => {
  expect(through({ HTTPS_PROXY })).toBe(href)
})

it.each([
  ['socks5://ann:secret@proxy:1080', /HTTPS_PROXY is "socks5:\/\/proxy:1080": a SOCKS proxy, which is not supported/],
  ['SOCKS4A://proxy', /a SOCKS proxy/],
  ['ftp://proxy', /HTTPS_PROXY is "ftp:\/\/proxy": not a valid proxy address/],
  ['http://', /not a valid proxy address/],
  ['proxy:port', /HTTPS_PROXY is "proxy:port": not a valid proxy address/],
  ['proxy:99999', /not a valid proxy address/],
  ['two words', /HTTPS_PROXY is "two words": not a valid proxy address/],
  ['http://ann:sec/ret@proxy:x', /HTTPS_PROXY is "http:\/\/proxy:x": not a valid proxy address/],
])('rejects HTTPS_PROXY=%s with an error that hides the password', (HTTPS_PROXY, message) => {
  expect(() => through({ HTTPS_PROXY })).toThrow(message)
})

it('prefers lower-case names, even if empty, and uses ALL_PROXY for both schemes', () => {
  expect(through({ https_proxy: 'lower', HTTPS_PROXY: 'upper' })).toBe('http://lower/')
  expect(through({ https_proxy: '', HTTPS_PROXY: 'upper' })).toBeUndefined()
  expect(through({ HTTP_PROXY: 'plain' })).toBeUndefined()
  expect(through({ HTTP_PROXY: 'plain' }, 'http://mirror')).toBe('http://plain/')
  expect(through({ all_proxy: 'all' })).toBe('http://all/')
  expect(through({ ALL_PROXY: 'all', HTTPS_PROXY: 'own' })).toBe('http://own/')
  expect(through({ ALL_PROXY: 'all' }, 'http://mirror')).toBe('http://all/')
})

it.each([
  ['*', HUB, true],
  ['huggingface.co', HUB, true],
  ['HuggingFace.co', HUB, true],
  ['.huggingface.co', HUB, true],
  ['*.huggingface.co', 'https://cdn.huggingface.co', true],
  ['huggingface.co', 'https://cdn.huggingface.co', true],
  ['gingface.co', HUB, false],
  ['localhost, huggingface.co', HUB, true],
  ['localhost huggingface.co.', HUB, true],
  ['huggingface.co:443', HUB, true],
  ['huggingface.co:8443', HUB, false],
  ['mirror:8080', 'http://mirror:8080', true],
  ['10.1.2.3', 'http://10.1.2.3', true],
  ['10.1.2.3:80', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'http://10.1.2.3', true],
  ['192.168.0.0/16', 'http://10.1.2.3', false],
  ['10.0.0.0/99', 'http://10.1.2.3', false],
  ['.2.3', 'http://10.1.2.3', false],
  ['::1', 'http://[::1]', true],
  ['[::1]:8080', 'http://[::1]:8080', true],
  ['fe80::/10', 'http://[fe80::1]', true],
  [' , ', HUB, false],
])('NO_PROXY=%s and %s: direct is %s', (no_proxy, url, isDirect) => {
  expect(through({ ALL_PROXY: 'proxy', no_proxy }, url) === undefined).toBe(isDirect)
})

it('reads the proxy settings at the first request, so never when offline', async () => {
  const environment = { HTTPS_PROXY: 'socks5://proxy', HF_HUB_OFFLINE: '1' }
  expect(resolveHub({}, environment).offline).toBe(true)
  await expect(new HttpAgents(environment).agentFor(new URL(HUB))).rejects.toThrow('SOCKS')
})
