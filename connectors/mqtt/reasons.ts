import { MillwrightError } from '../../agent/core/index.ts'

/** Why a connection failed, in words for the user, and what to do about it. */
export interface Trouble {
  readonly message: string
  readonly remedy: string
}

/** Reason codes of MQTT 5, and those of 3.1.1 below 6, that a broker may give for a connection or subscription. */
const reasons: Readonly<Record<number, Trouble>> = {
  1: { message: 'the broker does not speak this version of MQTT', remedy: 'Set version to 3.1.1 or 5.' },
  2: { message: 'the broker rejects the client id', remedy: 'Set client_id to one that the broker allows.' },
  3: { message: 'the broker is not available', remedy: 'Look at the log of the broker.' },
  4: { message: 'wrong user name or password', remedy: 'Check username and password_file.' },
  5: { message: 'not authorized', remedy: 'Check username and password_file, and the access rules of the broker.' },
  128: { message: 'the broker refuses without a reason', remedy: 'Look at the log of the broker.' },
  130: { message: 'the broker saw a protocol error', remedy: 'Look at the log of the broker; try the other version.' },
  131: { message: 'the broker does not accept this', remedy: 'Look at the log of the broker.' },
  132: { message: 'the broker does not speak this version of MQTT', remedy: 'Set version to 3.1.1 or 5.' },
  133: { message: 'the broker rejects the client id', remedy: 'Set client_id to one that the broker allows.' },
  134: { message: 'wrong user name or password', remedy: 'Check username and password_file.' },
  135: { message: 'not authorized', remedy: 'Check username and password_file, and the access rules of the broker.' },
  136: { message: 'the broker is not available', remedy: 'Look at the log of the broker.' },
  137: { message: 'the broker is busy', remedy: 'It will be tried again.' },
  138: { message: 'the broker has banned this client', remedy: 'Ask who runs the broker.' },
  139: { message: 'the broker is shutting down', remedy: 'It will be tried again.' },
  140: { message: 'the broker asks for another way to log in', remedy: 'Ask who runs the broker.' },
  141: { message: 'the broker heard nothing in time', remedy: 'Check the network; set a longer keepalive.' },
  142: {
    message: 'another client has connected with the same client id',
    remedy: 'Give each agent its own site and connector name, or set client_id.',
  },
  143: { message: 'the broker rejects the topic filter', remedy: 'Check the filter.' },
  144: { message: 'the broker rejects the topic', remedy: 'Check prefix and names.' },
  147: { message: 'the broker had more messages in flight than it allows', remedy: 'Look at the log of the broker.' },
  149: { message: 'a packet is too large for the broker', remedy: 'Raise the largest packet size of the broker.' },
  150: { message: 'the broker limits the message rate', remedy: 'Raise the limit of the broker.' },
  151: { message: 'a quota of the broker is exceeded', remedy: 'Raise the quota of the broker.' },
  152: { message: 'an administrator closed the connection', remedy: 'Ask who runs the broker.' },
  154: {
    message: 'the broker keeps no retained messages',
    remedy: 'It is tried again without; later subscribers wait for the next message.',
  },
  155: { message: 'the broker does not offer this quality of service', remedy: 'Set a lower qos.' },
  156: { message: 'the broker names another server', remedy: 'Set url to that server.' },
  157: { message: 'the broker has moved', remedy: 'Set url to its new place.' },
  158: { message: 'the broker has no shared subscriptions', remedy: 'Use a filter without $share.' },
  159: { message: 'the broker limits new connections', remedy: 'It will be tried again.' },
  161: { message: 'the broker has no subscription identifiers', remedy: 'Look at the log of the broker.' },
  162: { message: 'the broker has no wildcard subscriptions', remedy: 'Name each topic.' },
}

/** A reason code of the broker in words. */
export function reasonOf(code: number): Trouble {
  return reasons[code] ?? { message: `the broker gives reason code ${code}`, remedy: 'Look at the log of the broker.' }
}

const network: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: {
    message: 'refused: nothing listens there',
    remedy: 'Check host and port, and whether the broker runs.',
  },
  ENOTFOUND: { message: 'the host name is unknown', remedy: 'Check the host name and the DNS of this machine.' },
  EAI_AGAIN: { message: 'the DNS does not answer', remedy: 'Check the DNS of this machine.' },
  EHOSTUNREACH: { message: 'the host cannot be reached', remedy: 'Check network and routes.' },
  ENETUNREACH: { message: 'the network cannot be reached', remedy: 'Check network and routes.' },
  ETIMEDOUT: { message: 'no answer in time', remedy: 'Check host, port and firewalls.' },
  ECONNRESET: {
    message: 'the broker closed the connection',
    remedy: 'Look at the log of the broker; the port may speak TLS (mqtts:) or not (mqtt:).',
  },
  EPROTO: { message: 'what answers does not speak this protocol', remedy: 'Check the port, and mqtt: against mqtts:.' },
  ENOENT: { message: 'a file of tls is missing', remedy: 'Check the paths under tls.' },
  EACCES: { message: 'a file of tls cannot be read', remedy: 'Let the user of the agent read it.' },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    message: 'the certificate of the broker is signed by itself',
    remedy: 'Set tls.ca to that certificate.',
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    message: 'the certificate of the broker comes from an unknown authority',
    remedy: 'Set tls.ca to the certificate of the authority.',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    message: 'the certificate of the broker comes from an unknown authority',
    remedy: 'Set tls.ca to the certificate of the authority.',
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    message: 'the certificate of the broker comes from an unknown authority',
    remedy: 'Set tls.ca to the certificate of the authority.',
  },
  CERT_HAS_EXPIRED: {
    message: 'the certificate of the broker has expired',
    remedy: 'Renew it; check the clock of this machine.',
  },
  CERT_NOT_YET_VALID: {
    message: 'the certificate of the broker is not valid yet',
    remedy: 'Check the clock of this machine.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    message: 'the certificate of the broker is for another host',
    remedy: 'Use the host name in the certificate, or set tls.servername to it.',
  },
}

/** A broker of MQTT 3.1.1 closes without a word: that it had accepted says that address, TLS and password are right. */
const closed: Trouble = {
  message: 'the broker closed the connection that it had accepted',
  remedy:
    'Another client with the same client id may have taken the session over: give each agent its own site and connector name, or set client_id. Else the log of the broker says why.',
}
const closings = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** What went wrong with a connection, in words; `wasUp`: the broker had accepted it. */
export function troubleOf(error: unknown, wasUp = false): Trouble {
  const code = (error as { code?: unknown } | undefined)?.code
  if (wasUp && (error === undefined || closings.has(String(code)))) return closed
  if (!(error instanceof Error))
    return { message: 'the broker closed the connection', remedy: network.ECONNRESET.remedy }
  if (error instanceof MillwrightError) return { message: error.message, remedy: error.remedy ?? '' }
  if (typeof code === 'number') return reasonOf(code)
  if (typeof code === 'string') {
    const known = network[code]
    if (code === 'EPROTO' && !error.message.includes('SSL'))
      return { ...known, message: `${known.message}: ${error.message}` }
    if (code in network) return known
    if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT/.test(code)) {
      return { message: `the broker refuses TLS: ${error.message}`, remedy: 'Check tls.cert and tls.key.' }
    }
    if (code.startsWith('ERR_SSL') || code.startsWith('ERR_OSSL')) {
      return { message: `TLS failed: ${error.message}`, remedy: 'Check the port, and the files under tls.' }
    }
  }
  if (error.message === 'connack timeout') return network.ETIMEDOUT
  if (error.message === 'Keepalive timeout') {
    return { message: 'the broker stopped answering', remedy: 'Check the network and the broker.' }
  }
  return { message: error.message, remedy: 'Look at the log of the broker.' }
}
