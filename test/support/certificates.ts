import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of PEM files, and their folder, which the test removes. */
export type Certificates = Record<'folder' | 'ca' | 'key' | 'cert' | 'clientKey' | 'clientCert', string>

/** An authority, a certificate of it for 127.0.0.1 and localhost, and one for a client with an encrypted key. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-mqtt-tls-'))
  const path = (name: string) => join(folder, name)
  // node-opcua's tool for certificates, of other tests, leaves the name of a file `undefined` behind.
  const { OPENSSL_CONF: _, ...env } = process.env
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, env, stdio: 'pipe' })
  const subject = (name: string) => ['-subj', `/CN=${name}`]
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    ...subject('Plant CA'),
  )
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  for (const [name, ...key] of [
    ['server', '-nodes'],
    ['client', '-passout', 'pass:open sesame'],
  ]) {
    openssl('req', '-newkey', 'rsa:2048', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject(name))
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '2', '-extfile', 'names', '-out', `${name}.pem`],
    )
  }
  return {
    folder,
    ca: path('ca.pem'),
    key: path('server.key'),
    cert: path('server.pem'),
    clientKey: path('client.key'),
    clientCert: path('client.pem'),
  }
}
