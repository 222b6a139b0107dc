#!/usr/bin/env node
'use strict'
// npm links this file. It is plain old JavaScript, so that any Node can say that it is too old; the command itself is
// compiled into dist/.
var existsSync = require('fs').existsSync
var path = require('path')

var wanted = require('../package.json').engines.node.replace('>=', '')
var main = path.join(__dirname, '../dist/cli/main.js')

function isOlder(found, least) {
  var a = found.split('.').map(Number)
  var b = least.split('.').map(Number)
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

if (isOlder(process.versions.node, wanted)) {
  fail('spanforge needs Node ' + wanted + ' or newer; this is Node ' + process.versions.node + '.\n  Get it from https://nodejs.org.')
} else if (!existsSync(main)) {
  fail('spanforge is not compiled yet.\n  Run: npm run setup')
} else {
  // Node before 10 cannot parse import(), even in a branch that it never takes.
  new Function('url', 'return import(url)')(require('url').pathToFileURL(main).href)
}
