import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SourceError } from '../../agent/core/index.ts'

/** A certificate in a PKI folder. */
export interface Certificate {
  /** SHA-1 of its DER form, 40 hexadecimal digits in lower case. */
  readonly thumbprint: string
  readonly subject: string
  readonly issuer: string
  /** ms since epoch. */
  readonly validFrom: number
  readonly validTo: number
  /** `pending`: a server showed it and nobody approved it yet. */
  readonly state: 'trusted' | 'pending'
}

const folders = { trusted: join('trusted', 'certs'), pending: 'rejected' } as const

interface Found extends Certificate {
  readonly file: string
}

/** Certificates of servers in a PKI folder, pending ones first. A folder that does not exist yet has none. */
export async function listCertificates(folder: string): Promise<Certificate[]> {
  const found = [...(await read(folder, 'pending')), ...(await read(folder, 'trusted'))]
  return found.map(({ file: _, ...certificate }) => certificate)
}

/**
 * Trusts a pending certificate; a connector that waits for it connects at its next attempt.
 * `thumbprint` may be shortened to an unambiguous beginning of 8 digits or more.
 * Rejects with SOURCE_UNTRUSTED where there is no such certificate.
 */
export async function approveCertificate(folder: string, thumbprint: string): Promise<Certificate> {
  return move(folder, thumbprint, 'pending', 'trusted')
}

/** Takes trust away; the certificate is pending again. Open connections stay until they are made anew. */
export async function revokeCertificate(folder: string, thumbprint: string): Promise<Certificate> {
  return move(folder, thumbprint, 'trusted', 'pending')
}

async function move(
  folder: string,
  thumbprint: string,
  from: Certificate['state'],
  to: Certificate['state'],
): Promise<Certificate> {
  const prefix = thumbprint.toLowerCase().replace(/[^0-9a-f]/g, '')
  const matches = (await read(folder, from)).filter(
    (found) => prefix.length >= 8 && found.thumbprint.startsWith(prefix),
  )
  const [match] = matches
  if (new Set(matches.map((found) => found.thumbprint)).size !== 1)
    throw new SourceError(
      'SOURCE_UNTRUSTED',
      `${matches.length === 0 ? 'no' : 'more than one'} ${from} certificate ${thumbprint}`,
      {
        remedy: 'See `millwright trust list` for the certificates and their thumbprints.',
      },
    )
  await mkdir(join(folder, folders[to]), { recursive: true })
  await rename(join(folder, folders[from], match.file), join(folder, folders[to], match.file))
  // The same certificate may lie there twice, as PEM and as DER.
  for (const other of matches.slice(1)) await rm(join(folder, folders[from], other.file), { force: true })
  const { file: _, ...certificate } = match
  return { ...certificate, state: to }
}

async function read(folder: string, state: Certificate['state']): Promise<Found[]> {
  const path = join(folder, folders[state])
  const files = await readdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const found: Found[] = []
  for (const file of files.sort()) {
    const certificate = parse(await readFile(join(path, file)))
    if (!certificate) continue
    found.push({
      thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      subject: certificate.subject.replaceAll('\n', ', '),
      issuer: certificate.issuer.replaceAll('\n', ', '),
      validFrom: Date.parse(certificate.validFrom),
      validTo: Date.parse(certificate.validTo),
      state,
      file,
    })
  }
  return found
}

/** PEM or DER; undefined where the file is neither. */
function parse(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}
