// Makes dynalite's own tests run against another endpoint: `mocha --require` loads this before them.
//
// Their helpers start dynalite on a port of 127.0.0.1 and send every request there. What they get in place of
// dynalite is a plain TCP relay to ADORM_ENDPOINT, so that not a byte of a request or of an answer is changed.
'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const net = require('node:net')
const path = require('node:path')

const endpoint = new URL(process.env.ADORM_ENDPOINT)
const dynalite = require(path.resolve('index.js'))

function relay () {
  const open = new Set()
  const server = net.createServer((client) => {
    const engine = net.connect(Number(endpoint.port), endpoint.hostname)
    for (const [ from, to ] of [ [ client, engine ], [ engine, client ] ]) {
      open.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => { open.delete(from); to.destroy() })
      from.pipe(to)
    }
  })
  const close = server.close.bind(server)
  server.close = (done) => {
    for (const socket of open) socket.destroy()
    return close(done)
  }
  return server
}

// One test makes a second dynalite with TLS, which is about dynalite's own server: it gets the real one.
const indexModule = require.cache[path.resolve('index.js')]
indexModule.exports = (options) => (options && options.ssl ? dynalite(options) : relay())

// A test sends many requests at once, and an assertion that fails in one of their callbacks is an uncaught exception.
// Mocha puts it down to whichever test runs at that moment, and breaks off after a few: here each exception goes to
// the test that sent the request, and only the first one counts.
const Runnable = require(path.resolve('node_modules/mocha/lib/runnable.js'))
const Runner = require(path.resolve('node_modules/mocha/lib/runner.js'))
const sender = new AsyncLocalStorage()
const { run } = Runnable.prototype
const { _uncaught } = Runner.prototype

Runnable.prototype.run = function (callback) {
  this.removeAllListeners('error') // "done() called multiple times"
  this.on('error', () => {})
  return sender.run(this, () => run.call(this, callback))
}

Runner.prototype._uncaught = function (error) {
  const runnable = sender.getStore()
  const late = runnable && (runnable !== this.currentRunnable || runnable.isFailed() || runnable.isPassed())
  return late ? undefined : _uncaught.call(this, error)
}
