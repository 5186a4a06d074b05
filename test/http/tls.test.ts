import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { ConfigError } from '../../agent/core/index.ts'
import type { Listening } from '../../agent/http/index.ts'
import { millwright } from '../cli/millwright.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'
import { memoryLog, setUp, token } from './fake-agent.ts'

describe('http over TLS', () => {
  let made: Certificates
  let folder: string
  let listening: Listening | undefined
  const tls = () => ({ certificate: join(folder, 'agent.pem'), key: join(folder, 'agent.key') })

  before(() => (made = makeCertificates()))
  after(() => rmSync(made.folder, { recursive: true }))
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-tls-'))
    copyFileSync(made.cert, tls().certificate)
    copyFileSync(made.key, tls().key)
  })
  afterEach(async () => {
    await listening?.close()
    listening = undefined
    rmSync(folder, { recursive: true })
  })

  const start = async (options: Parameters<typeof setUp>[0] = {}) => {
    const agent = setUp({ port: 0, tls: tls(), ...options })
    listening = await agent.http.listen()
    return { ...agent, url: listening.url }
  }
  const selfSigned = (name: string, ...more: string[]) => {
    const { OPENSSL_CONF: _, ...env } = process.env
    const to = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, ...to, ...more], { env, stdio: 'pipe' }) // prettier-ignore
  }
  /** Status and headers of an answer to whoever trusts the plant's authority. */
  const ask = (url: string, path: string, options: { method?: string; body?: string } = {}) =>
    new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const asked = request(
        `${url}${path}`,
        { ca: readFileSync(made.ca), method: options.method ?? 'GET', headers, agent: false },
        (response) => {
          response.resume()
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers }))
        },
      )
      asked.on('error', reject).end(options.body)
    })
  const shake = (url: string, options: object) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false, ...options }) // prettier-ignore
      socket.once('secureConnect', () => resolve(socket)).once('error', reject)
    })
  const shownBy = async (url: string) => {
    const socket = await shake(url, {})
    const shown = socket.getPeerX509Certificate()!.fingerprint256
    socket.destroy()
    return shown
  }

  it('answers over HTTPS alone, tells browsers to stay there, and gives cookies for TLS alone', async () => {
    const { url } = await start()
    assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
    const { status, headers } = await ask(url, '/healthz')
    assert.equal(status, 200)
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    const logIn = await ask(url, '/api/login', { method: 'POST', body: JSON.stringify({ token }) })
    assert.match(String(logIn.headers['set-cookie']), /HttpOnly; Secure; SameSite=Strict/)
    await assert.rejects(fetch(url.replace('https', 'http')))
  })

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    const { url } = await start()
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await shake(url, { minVersion: version, maxVersion: version })
      assert.equal(socket.getProtocol(), version)
      socket.destroy()
    }
    for (const version of ['TLSv1', 'TLSv1.1'])
      await assert.rejects(shake(url, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }))
  })

  it('takes a new certificate without a restart, and keeps its own while the files do not fit', async () => {
    const { url, log } = await start()
    const before = await shownBy(url)
    selfSigned('next', '-days', '90')
    renameSync(join(folder, 'next.pem'), tls().certificate)
    await until('the refusal', () => log.lines.some((line) => /keeps its certificate of before.*does not belong/.test(line))) // prettier-ignore
    assert.equal(await shownBy(url), before)
    renameSync(join(folder, 'next.key'), tls().key)
    await until('the new certificate', () => log.lines.some((line) => line.includes('was reloaded')))
    assert.notEqual(await shownBy(url), before)
  })

  it('says what is wrong with its files, at the start', () => {
    selfSigned('other', '-days', '90')
    const cases: [() => void, string, RegExp][] = [
      [() => copyFileSync(join(folder, 'other.key'), tls().key), 'http.tls.key', /does not belong to the certificate/],
      [() => copyFileSync(made.clientKey, tls().key), 'http.tls.key', /none that can be used/],
      [() => rmSync(tls().key), 'http.tls.key', /cannot be read/],
      [() => writeFileSync(tls().certificate, 'no PEM'), 'http.tls.certificate', /none that can be used/],
      [() => rmSync(tls().certificate), 'http.tls.certificate', /cannot be read/],
    ]
    for (const [spoil, path, words] of cases) {
      copyFileSync(made.cert, tls().certificate)
      copyFileSync(made.key, tls().key)
      spoil()
      assert.throws(
        () => setUp({ tls: tls() }),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, words)
          assert.equal(error.problems[0].path, path)
          assert.ok(error.problems[0].remedy)
          return true
        },
      )
    }
  })

  it('warns of a certificate that ends soon or has ended, and goes on with it', () => {
    const warned = (now: number) => {
      const log = memoryLog()
      setUp({ tls: tls(), log, clock: { now: () => now } })
      return log.lines.join('\n')
    }
    assert.match(warned(Date.now()), /expires on/)
    assert.match(warned(Date.now() + 10 * 86_400_000), /expired on/)
    selfSigned('long', '-days', '90')
    renameSync(join(folder, 'long.pem'), tls().certificate)
    renameSync(join(folder, 'long.key'), tls().key)
    assert.equal(warned(Date.now()), '')
  })

  it('is found by commands: by the certificate of the configuration, by an authority, and not otherwise', async () => {
    const { url } = await start()
    const { port } = new URL(url)
    selfSigned('other', '-days', '90')
    const config = (file: string, certificate: string) =>
      writeFileSync(
        join(folder, file),
        `http: { port: ${port}, tls: { certificate: ${certificate}, key: agent.key } }\n`,
      )
    config('plant.yaml', 'agent.pem')
    config('wrong.yaml', 'other.pem')
    const health = (...words: string[]) => millwright(folder, 'status', '--health', ...words)
    const pinned = await health('--config', 'plant.yaml')
    assert.equal(pinned.status, 0, pinned.stderr)
    const signed = await health('--url', url, '--ca', made.ca)
    assert.equal(signed.status, 0, signed.stderr)
    const wrong = await health('--config', 'wrong.yaml')
    assert.equal(wrong.status, 1)
    assert.match(wrong.stderr, /does not show the certificate in other\.pem/)
    const unknown = await health('--url', url)
    assert.equal(unknown.status, 1)
    assert.match(unknown.stderr, /is not trusted.*--ca/s)
    writeFileSync(join(folder, 'mixed.yaml'), 'http: { tls: { certificate: other.pem, key: agent.key } }\nconnectors: { a: { type: mqtt, url: "mqtt://127.0.0.1:1", topics: [{ filter: a/b, tag: a/b }] } }\n') // prettier-ignore
    const check = await millwright(folder, 'check', 'mixed.yaml')
    assert.equal(check.status, 1, check.stderr)
    assert.match(check.stdout, /http\.tls: the key in agent\.key does not belong to the certificate in other\.pem/)
    const status = await millwright(folder, 'status', '--config', 'plant.yaml')
    assert.match(status.stdout, /test-site.*ready/)
  })
})
