import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { restoreTo } from '../../agent/cli/backup.ts'
import type { AgentError } from '../../agent/core/index.ts'
import { millwright } from '../cli/millwright.ts'

interface Member {
  readonly name: string
  readonly content?: string | Buffer
  /** Type flag of tar: `2` is a symbolic link. */
  readonly type?: string
  readonly linkTo?: string
  /** The size that the header states, where that is a lie. */
  readonly size?: string
  readonly unlisted?: boolean
}

/** An archive as `tar` would make it of such members, with the list of their checksums at its end. */
function archive(members: readonly Member[], list?: string): Buffer {
  const sums = members
    .filter(({ unlisted }) => !unlisted)
    .map(({ name, content = '' }) => [name, createHash('sha256').update(content).digest('hex')] as const)
  // Not by Object.fromEntries: `__proto__` is to be a name of its own.
  const text = list ?? `{${sums.map(([name, sum]) => `${JSON.stringify(name)}:${JSON.stringify(sum)}`).join(',')}}`
  const blocks = [...members, { name: 'checksums.json', content: text }].flatMap((member) => [
    header(member),
    padded(Buffer.from(member.content ?? '')),
  ])
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function header({ name, content = '', type = '0', linkTo = '', size }: Member): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write(name, 0)
  bytes.write('0000600\0', 100)
  bytes.write(size ?? `${Buffer.from(content).length.toString(8).padStart(11, '0')}\0`, 124)
  bytes.write(`        ${type}`, 148)
  bytes.write(linkTo, 157)
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

const padded = (content: Buffer) => Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)])
const good: Member = { name: 'data/models/card.md', content: 'a model' }

describe('an attacker who hands over a backup', function () {
  let folder: string
  const path = (...names: string[]) => join(folder, ...names)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-archive-'))
    writeFileSync(path('plant.yaml'), 'data: data\n')
    mkdirSync(path('data'))
    writeFileSync(path('data', 'mine.txt'), 'live data')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const restore = (bytes: Buffer, most?: number) => {
    writeFileSync(path('bad.tar.gz'), bytes)
    return restoreTo(path('data'), path('bad.tar.gz'), { force: true, ...(most !== undefined && { most }) })
  }

  const link = (type: string): Member => ({ name: 'data/link', type, linkTo: '/etc/passwd' })
  const attacks: readonly (readonly [what: string, bytes: Buffer, words: RegExp])[] = [
    ['a token that the checksums do not list', archive([good, { name: 'data/http-token', content: 'x'.repeat(40), unlisted: true }]), /http-token.* no checksum/],
    ['a file that is not as its checksum says', archive([good], JSON.stringify({ [good.name]: '00' })), /damaged or missing/],
    ['a checksum without its file', archive([good], JSON.stringify({ [good.name]: createHash('sha256').update('a model').digest('hex'), 'data/more': '00' })), /data\/more .*missing/],
    ['a list of checksums that is no JSON', archive([good], '{"data'), /cannot be read/],
    ['names that only prototypes have', archive([good, { name: '__proto__', content: 'x', unlisted: true }, { name: 'constructor', content: 'x', unlisted: true }]), /no checksum/],
    ['no data folder at all', archive([{ name: 'plant.yaml', content: 'data: data' }]), /holds no data folder/],
    ['data that is a file', archive([{ name: 'data', content: 'x' }]), /holds no data folder/],
    ['one name twice', archive([good, { ...good, content: 'another' }]), /twice/],
    ['a path up', archive([good, { name: 'data/../../out.txt', content: 'x' }]), /leads out/],
    ['an absolute path', archive([good, { name: '/tmp/millwright-out.txt', content: 'x' }]), /leads out/],
    ['a path of another system', archive([good, { name: 'data\\..\\..\\out.txt', content: 'x' }]), /leads out/],
    ['a path with a line break', archive([good, { name: 'data/a\nb', content: 'x' }]), /leads out/],
    ['a symbolic link', archive([good, link('2')]), /neither links nor devices/],
    ['a hard link', archive([good, link('1')]), /neither links nor devices/],
    ['a device', archive([good, link('3')]), /neither links nor devices/],
    ['a pipe', archive([good, link('6')]), /neither links nor devices/],
    ['a negative size', archive([good, { name: 'data/x', content: 'x', size: '-0000000010\0' }]), /has no size/],
    ['a size that is no number', archive([good, { name: 'data/x', content: 'x', size: 'zzzzzzzzzzz\0' }]), /has no size/],
    ['something behind the end', Buffer.concat([archive([good]), gzipSync(Buffer.alloc(1024, 1))]), /behind its checksums|BACKUP_BROKEN/],
    ['2 GB in 2 MB', bomb(), /unpacks to more than[^]*--most/],
  ] // prettier-ignore

  for (const [what, bytes, words] of attacks)
    it(`with ${what}: is refused, and changes nothing`, async () => {
      await assert.rejects(restore(bytes), (error: AgentError) => {
        assert.equal(error.code, 'BACKUP_BROKEN')
        assert.match(`${error.message} ${error.remedy}`, words)
        return true
      })
      assert.deepEqual(readdirSync(path('data')), ['mine.txt'])
      assert.equal(readFileSync(path('data', 'mine.txt'), 'utf8'), 'live data')
      assert.deepEqual(readdirSync(folder).sort(), ['bad.tar.gz', 'data', 'plant.yaml'])
      assert.equal(existsSync('/tmp/millwright-out.txt'), false)
    })

  it('a sound one is restored by the command, readable by its owner only', async () => {
    writeFileSync(path('good.tar.gz'), archive([{ name: 'backup.json', content: '{}' }, good]))
    const { status, stderr } = await millwright(folder, 'restore', 'good.tar.gz', '-c', 'plant.yaml', '--force')
    assert.equal(status, 0, stderr)
    assert.equal(readFileSync(path('data', 'models', 'card.md'), 'utf8'), 'a model')
    for (const name of ['data/models', 'data/models/card.md']) assert.equal(statSync(path(name)).mode & 0o077, 0, name)
  })

  it('one that is larger than usual is restored where its owner says so', async () => {
    const large = archive([{ name: 'data/zeros', content: Buffer.alloc(1e6) }])
    await assert.rejects(restore(large, 900_000), /more than 900000/)
    assert.equal((await restore(large, 2_000_000)).files, 1)
  })
})

/** States and has two gigabytes; the reader is to stop at the header, long before. */
function bomb(): Buffer {
  const size = 2 ** 31
  const zeros = gzipSync(Buffer.alloc(1 << 20))
  const head = gzipSync(header({ name: 'data/big', size: `${size.toString(8).padStart(11, '0')}\0` }))
  return Buffer.concat([head, ...Array.from({ length: size >> 20 }, () => zeros)])
}
