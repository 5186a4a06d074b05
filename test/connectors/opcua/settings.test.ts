import assert from 'node:assert/strict'
import { chooseEndpoint } from '../../../connectors/opcua/security.ts'
import { opcua } from '../../../connectors/opcua/index.ts'
import { settings } from '../../../connectors/opcua/settings.ts'
import { asSourceError } from '../../../connectors/opcua/faults.ts'

const plain = { endpoint: 'opc.tcp://10.0.0.5:4840', tags: [{ node: 'ns=2;s=A', tag: 'a' }] }
const modes = { None: 1, Sign: 2, SignAndEncrypt: 3 }
const offer = (mode: keyof typeof modes, policy: string) => ({
  securityMode: modes[mode],
  securityPolicyUri: `http://opcfoundation.org/UA/SecurityPolicy#${policy}`,
})
const all = [
  offer('None', 'None'),
  offer('Sign', 'Aes256_Sha256_RsaPss'),
  offer('SignAndEncrypt', 'Basic256'),
  offer('SignAndEncrypt', 'Basic256Sha256'),
  offer('SignAndEncrypt', 'Aes256_Sha256_RsaPss'),
]

describe('opcua settings', () => {
  it('asks for the strongest security and no trust by default', () => {
    const { security, trust, identity, sampling, queue } = settings.parse(plain)
    assert.deepEqual(security, { mode: 'sign-and-encrypt' })
    assert.deepEqual([trust, identity, sampling, queue], ['pending', 'anonymous', 1_000, 10])
    assert.equal(opcua.type, 'opcua')
    assert.equal(opcua.sink, undefined)
  })

  const nodes = [
    'i=85',
    'ns=2;s=Press.Force',
    'ns=3;i=1001',
    'nsu=http://vendor/plc;s=A;B',
    'ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a',
  ]
  for (const node of nodes)
    it(`takes the node id ${node}`, () => {
      assert.ok(settings.safeParse({ ...plain, tags: [{ node, tag: 'a' }] }).success)
    })

  const wrong: [string, object, RegExp][] = [
    ['a node id that is none', { tags: [{ node: 'Press.Force', tag: 'a' }] }, /ns=2;s=Press.Force/],
    ['an address of another protocol', { endpoint: 'http://10.0.0.5' }, /opc\.tcp/],
    ['no tags', { tags: [] }, />=1|at least|Too small/],
    ['an unknown key', { endpiont: 'x' }, /endpiont/],
    ['a tag without a node', { tags: [{ tag: 'a' }] }, /one of node, path and browse/],
    ['a tag with two ways to its node', { tags: [{ node: 'i=1', path: '/Objects', tag: 'a' }] }, /one of node, path/],
    ['a node without a tag', { tags: [{ node: 'i=1' }] }, /needs the name of its tag/],
    ['a path that does not begin at Root', { tags: [{ path: 'Objects/2:A', tag: 'a' }] }, /begins at Root/],
    ['a path with a level without a name', { tags: [{ path: '/Objects//2:A', tag: 'a' }] }, /has no name/],
    ['a pattern and a tag beside it', { tags: [{ browse: { match: '*', tag: '{1}' }, tag: 'a' }] }, /browse\.tag/],
    ['a template with more than there is', { tags: [{ browse: { match: '*/A', tag: '{2}' } }] }, /\{2\}.* 1 times/],
    ['a fault without a class', { events: [{ labels: [{ label: 'fault' }] }] }, /needs its class/],
    ['an asset by what is not there', { events: [{ origin: 'A', asset: '{1}' }] }, /\{1\}/],
    ['a user without a password', { identity: { user: 'u' } }, /password/],
    [
      'a deadband of two kinds',
      { tags: [{ ...plain.tags[0], deadband: { absolute: 1, percent: 1 } }] },
      /deadband|Invalid|Unrecognized/,
    ],
    ['a sampling without a unit', { sampling: '5' }, /duration/],
  ]
  for (const [name, change, says] of wrong)
    it(`refuses ${name}`, () => {
      const result = settings.safeParse({ ...plain, ...change })
      assert.ok(!result.success)
      assert.match(JSON.stringify(result.error.issues), says)
    })
})

describe('opcua security', () => {
  const choose = (offers: typeof all, security: unknown = {}) =>
    chooseEndpoint(offers, settings.parse({ ...plain, security }).security)

  it('takes the strongest mode, then the strongest policy', () => {
    assert.equal(choose(all), all[4])
    assert.equal(choose(all.slice(0, 4)), all[3])
    assert.equal(choose(all, { policy: 'Basic256Sha256' }), all[3])
    assert.equal(choose(all.slice(0, 3), { mode: 'sign' }), all[1])
    assert.equal(choose(all, 'none'), all[0])
  })

  it('refuses a deprecated policy, a weaker mode and an endpoint without security, and names what there is', () => {
    const insecure = (offers: typeof all, security: unknown, says: RegExp) =>
      assert.throws(() => choose(offers, security), { code: 'SOURCE_INSECURE', message: says })
    insecure(
      all.slice(0, 3),
      {},
      /SignAndEncrypt and Basic256Sha256 or better; it offers None, Sign with Aes256_Sha256_RsaPss, SignAndEncrypt with Basic256$/,
    )
    insecure(all.slice(0, 1), { mode: 'sign' }, /Sign or better .*; it offers None$/)
    insecure(all.slice(3), 'none', /security None/)
    insecure([], {}, /names no endpoint when it is asked at this address/)
  })

  it('says what went wrong and what to do, in words', () => {
    const codes: [string, string, RegExp][] = [
      ['connect ECONNREFUSED 127.0.0.1:4840', 'SOURCE_UNREACHABLE', /does not answer/],
      ['BadUserAccessDenied (0x801f0000)', 'SOURCE_REFUSED', /identity/],
      ['BadTooManySessions (0x80560000)', 'SOURCE_REFUSED', /no session left/],
      ['The connection has been rejected by server: BadSecurityChecksFailed', 'SOURCE_REFUSED', /certificate/],
    ]
    for (const [text, code, says] of codes) {
      const cause = new Error(text)
      const error = asSourceError(cause)
      assert.equal(error.code, code)
      assert.match(error.message, says)
      assert.ok(error.remedy)
      assert.equal(error.cause, cause)
      assert.ok(error.retryable)
    }
  })
})
