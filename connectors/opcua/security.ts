import { SourceError } from '../../agent/core/index.ts'
import type { Settings } from './settings.ts'

/** Modes as numbered in OPC UA Part 4. */
const modeNumbers = { none: 1, sign: 2, 'sign-and-encrypt': 3 } as const
const modeNames = ['invalid', 'None', 'Sign', 'SignAndEncrypt']

/** Policies that are not deprecated, weakest first. */
const policies = ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss']

/** The part of an endpoint description that matters here. */
interface Offer {
  readonly securityMode: number
  readonly securityPolicyUri: string | null
  readonly endpointUrl?: string | null
}

/**
 * The endpoint to use: the strongest that the settings allow.
 * Throws SOURCE_INSECURE with what the server offers where none is: there is no downgrade.
 */
export function chooseEndpoint<Endpoint extends Offer>(
  endpoints: readonly Endpoint[],
  security: Settings['security'],
): Endpoint {
  if (endpoints.length === 0)
    throw new SourceError('SOURCE_INSECURE', 'the server names no endpoint when it is asked at this address', {
      remedy:
        'It may know itself by another host or port only, as behind a forwarded port: use its own address, or let it announce this one.',
    })
  const tcp = endpoints.filter((endpoint) => endpoint.endpointUrl?.startsWith('opc.tcp:') ?? true)
  const allowed = tcp.filter((endpoint) => allows(security, endpoint))
  if (allowed.length > 0)
    return allowed.reduce((best, endpoint) => (strength(endpoint) > strength(best) ? endpoint : best))
  const offers = [...new Set(tcp.map(describeOffer))].join(', ') || 'nothing'
  throw new SourceError(
    'SOURCE_INSECURE',
    `the server offers no endpoint with ${wanted(security)}; it offers ${offers}`,
    {
      remedy: remedy(security, tcp),
    },
  )
}

function allows(security: Settings['security'], endpoint: Offer): boolean {
  const policy = policyOf(endpoint)
  if (security === 'none') return endpoint.securityMode === modeNumbers.none
  if (endpoint.securityMode < modeNumbers[security.mode]) return false
  return security.policy ? policy === security.policy : policies.includes(policy)
}

function strength(endpoint: Offer): number {
  return endpoint.securityMode * 10 + policies.indexOf(policyOf(endpoint))
}

function policyOf(endpoint: Offer): string {
  return endpoint.securityPolicyUri?.split('#')[1] ?? 'None'
}

/**
 * Where to connect for an endpoint: host and port as configured, for servers announce names that do not resolve; path and
 * query as the endpoint has them, for the address that was asked may be one for discovery only.
 */
export function addressOf(configured: string, { endpointUrl }: Offer): string {
  const parts = /^(opc\.tcp:\/\/[^/?#]+)(.*)$/i
  const announced = parts.exec(endpointUrl ?? '')
  return announced ? parts.exec(configured)![1] + announced[2] : configured
}

/** An offer in words, `SignAndEncrypt with Basic256Sha256`. */
export function describeOffer(endpoint: Offer): string {
  const policy = policyOf(endpoint)
  return endpoint.securityMode === modeNumbers.none ? 'None' : `${modeNames[endpoint.securityMode]} with ${policy}`
}

/** Whether an offer signs at least, by a policy that is not deprecated. */
export function isSecure(endpoint: Offer): boolean {
  return endpoint.securityMode > modeNumbers.none && policies.includes(policyOf(endpoint))
}

function wanted(security: Settings['security']): string {
  if (security === 'none') return 'security None'
  const policy = security.policy ?? 'Basic256Sha256 or better'
  return `${modeNames[modeNumbers[security.mode]]}${security.mode === 'sign' ? ' or better' : ''} and ${policy}`
}

function remedy(security: Settings['security'], offers: readonly Offer[]): string {
  if (security === 'none') return 'Remove `security: none` from the configuration: the server is better than that.'
  if (offers.every((offer) => offer.securityMode === modeNumbers.none))
    return 'Enable a secure endpoint on the server; only on a network you trust, set `security: none`.'
  return 'Enable such an endpoint on the server, or allow in `security` what it offers.'
}
