import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve as resolvePath } from 'node:path'
import { MessageSecurityMode, OPCUAClient, UserTokenType, setErrorLogger, setWarningLogger } from 'node-opcua-client'
import type {
  ClientSession,
  ClientSessionPublishService,
  ClientSessionRawSubscriptionService,
  EndpointDescription,
  UserIdentityInfo,
} from 'node-opcua-client'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import { X509Certificate } from 'node:crypto'
import { type Logger, SourceError } from '../../agent/core/index.ts'
import { asSourceError, untrustedError } from './faults.ts'
import { longMessages } from './long-messages.ts'
import { addressOf, chooseEndpoint } from './security.ts'
import { type CallLimits, learnLimits, readValues, usualLimits } from './pieces.ts'
import type { SessionSettings, Settings } from './settings.ts'

// The library would write to the console; what matters is told by the connector's status.
setWarningLogger(() => undefined)
setErrorLogger(() => undefined)

/** A session with the services of subscriptions, which the library has and its type leaves out. */
export type Session = ClientSession & ClientSessionRawSubscriptionService & ClientSessionPublishService

/** A session over a secure channel. */
export interface Connection {
  readonly client: OPCUAClient
  readonly session: Session
  /** The session of before goes on; its subscriptions still exist. */
  readonly resumed: boolean
  /** By namespace index; read again with each look-up of names. */
  namespaces: readonly string[]
  /** Most nodes in one call; learnt anew with each session, and from refusals. */
  readonly limits: CallLimits
  /** How far the server's clock is behind the agent's, ms; 0 where it does not tell. */
  readonly behind: number
  /** Most monitored items in one request; Infinity where the server does not say. */
  readonly itemsPerCall: number
}

/** Ids of the standard nodes that are read first. */
const namespaceArray = 'ns=0;i=2255'
const currentTime = 'ns=0;i=2258'

/**
 * Makes connections to one server, each with a new client: none of them reconnects by itself, their owner does.
 * Attempts reject with a SourceError: unreachable, insecure, untrusted or refused.
 */
export class Connector {
  readonly #settings: SessionSettings
  readonly #log: Logger
  readonly #pki: string
  readonly #limits = usualLimits()
  /** Of the certificate that the server showed last. */
  #thumbprint: string | undefined
  #manager: OPCUACertificateManager | undefined

  constructor(settings: SessionSettings, pki: string, log: Logger) {
    this.#settings = settings
    this.#pki = pki
    this.#log = log
  }

  /** Connects; goes on with the previous session where the server still has it. */
  async connect(previous?: Session): Promise<Connection> {
    const manager = await this.#certificates()
    const endpoint = await this.#discover(manager)
    if (this.#settings.security !== 'none') await this.#verify(manager, endpoint)
    else this.#warnOfPlainPassword(endpoint)
    const client = this.#client(manager, endpoint)
    try {
      await this.#openChannel(client, endpoint)
      const resumed = previous !== undefined && (await resume(client, previous))
      const session = resumed ? previous : await open(client, this.#settings)
      return { client, session, resumed, ...(await readBasics(session, this.#limits)) }
    } catch (error) {
      await quietly(client.disconnect())
      throw asSourceError(error, await this.#ownCertificate())
    }
  }

  /** The server has just answered without security: what ends here is refused by it, told or not. */
  async #openChannel(client: OPCUAClient, endpoint: EndpointDescription): Promise<void> {
    try {
      await client.connect(addressOf(this.#settings.endpoint, endpoint))
    } catch (error) {
      if (this.#settings.security === 'none') throw error
      throw untrustedError(error, await this.#ownCertificate())
    }
  }

  /** Where the agent's own certificate is, and its thumbprint, in words. */
  async #ownCertificate(): Promise<string> {
    const file = resolvePath(this.#pki, 'own', 'certs', 'client_certificate.pem')
    try {
      const { fingerprint } = new X509Certificate(await readFile(file))
      return `${file}, thumbprint ${fingerprint.replaceAll(':', '').toLowerCase()}`
    } catch {
      return file
    }
  }

  /** Releases the certificate store. */
  async close(): Promise<void> {
    const manager = this.#manager
    this.#manager = undefined
    if (!manager) return
    manager.referenceCounter = 0
    await quietly(manager.dispose())
  }

  async #certificates(): Promise<OPCUACertificateManager> {
    if (this.#manager) {
      // What `trust approve` has done meanwhile.
      await this.#manager.reloadCertificates()
      return this.#manager
    }
    const manager = new OPCUACertificateManager({
      rootFolder: this.#pki,
      automaticallyAcceptUnknownCertificate: this.#settings.trust === 'any',
      disableFileWatchers: true,
    })
    // Clients count down when they disconnect; the store is this connector's until `close`.
    manager.referenceCounter++
    await manager.initialize()
    this.#manager = manager
    return manager
  }

  /** What the server offers, asked over a channel without security, as every client must. */
  async endpoints(): Promise<EndpointDescription[]> {
    return this.#ask(await this.#certificates())
  }

  async #discover(manager: OPCUACertificateManager): Promise<EndpointDescription> {
    return chooseEndpoint(await this.#ask(manager), this.#settings.security)
  }

  async #ask(manager: OPCUACertificateManager): Promise<EndpointDescription[]> {
    const client = this.#client(manager)
    try {
      await client.connect(this.#settings.endpoint)
      return await client.getEndpoints()
    } catch (error) {
      throw asSourceError(error, await this.#ownCertificate())
    } finally {
      await quietly(client.disconnect())
    }
  }

  async #verify(manager: OPCUACertificateManager, endpoint: EndpointDescription): Promise<void> {
    const status = await manager.checkCertificate(endpoint.serverCertificate)
    const certificate = new X509Certificate(endpoint.serverCertificate)
    const thumbprint = certificate.fingerprint.replaceAll(':', '').toLowerCase()
    this.#tellChange(thumbprint, certificate)
    if (status.isGood()) return
    const subject = certificate.subject.replaceAll('\n', ', ')
    if (status.name === 'BadCertificateUntrusted')
      throw new SourceError('SOURCE_UNTRUSTED', `the certificate of ${subject} is not trusted yet`, {
        remedy: `Compare the thumbprint with the server's own, then: millwright trust approve ${thumbprint}`,
      })
    throw new SourceError('SOURCE_UNTRUSTED', `the certificate of ${subject} is refused: ${status.description}`, {
      remedy: `${status.name}: renew the certificate on the server, or put its issuer and revocation list into ${join(this.#pki, 'issuers')}.`,
    })
  }

  #tellChange(thumbprint: string, { subject, validTo }: X509Certificate): void {
    const before = this.#thumbprint
    this.#thumbprint = thumbprint
    if (before === undefined || before === thumbprint) return
    const { endpoint } = this.#settings
    this.#log.warn(
      { endpoint, before, thumbprint, subject, validTo },
      'the server shows another certificate than before',
    )
  }

  #client(manager: OPCUACertificateManager, endpoint?: EndpointDescription): OPCUAClient {
    const { timeout, keepalive, watchdog, bounds } = this.#settings
    return OPCUAClient.create({
      applicationName: 'Millwright',
      clientName: 'millwright',
      clientCertificateManager: manager,
      securityMode: endpoint?.securityMode ?? MessageSecurityMode.None,
      ...(endpoint && {
        securityPolicy: endpoint.securityPolicyUri ?? undefined,
        serverCertificate: endpoint.serverCertificate,
      }),
      ...(bounds && { transportFactory: longMessages(bounds.bytes) }),
      // A server behind a gateway names itself differently from how it is reached.
      endpointMustExist: false,
      connectionStrategy: { maxRetry: 0 },
      // Publishing keeps the session alive; a second timer would only hide a dead subscription.
      keepSessionAlive: false,
      requestedSessionTimeout: sessionTimeout(this.#settings),
      // The socket may be as silent as the watchdog allows: nothing is sent while no value changes.
      transportTimeout: Math.max(timeout, keepalive * (watchdog + 1)),
      defaultTransactionTimeout: timeout,
    })
  }

  #warnOfPlainPassword(endpoint: EndpointDescription): void {
    if (typeof this.#settings.identity === 'string' || !('user' in this.#settings.identity)) return
    const policies = (endpoint.userIdentityTokens ?? []).filter((token) => token.tokenType === UserTokenType.UserName)
    if (policies.some((token) => token.securityPolicyUri && !token.securityPolicyUri.endsWith('#None'))) return
    this.#log.warn(
      { endpoint: this.#settings.endpoint },
      'the password is sent without encryption: the server offers none',
    )
  }
}

/** How long a session without a request is to live, ms. */
export function sessionTimeout({ keepalive, watchdog }: Pick<Settings, 'keepalive' | 'watchdog'>): number {
  return Math.max(60_000, 2 * keepalive * watchdog)
}

/** Disconnects; the session, if it is still this client's, is closed with its subscriptions. Never rejects. */
export async function disconnect(client: OPCUAClient): Promise<void> {
  await quietly(client.disconnect())
}

async function open(client: OPCUAClient, { identity }: Settings): Promise<Session> {
  return (await client.createSession(identityOf(identity))) as Session
}

async function resume(client: OPCUAClient, session: ClientSession): Promise<boolean> {
  try {
    await client.reactivateSession(session)
    return true
  } catch {
    return false
  }
}

async function readBasics(
  session: ClientSession,
  limits: CallLimits,
): Promise<Pick<Connection, 'namespaces' | 'limits' | 'behind' | 'itemsPerCall'>> {
  const itemsPerCall = await learnLimits(session, limits)
  const values = await readValues(session, limits, [namespaceArray, currentTime])
  const now = Date.now()
  const [namespaces, time] = values.map((value) => value.value.value as unknown)
  return {
    namespaces: Array.isArray(namespaces) ? namespaces.map(String) : [],
    limits,
    behind: time instanceof Date && time.getTime() > 0 ? now - time.getTime() : 0,
    itemsPerCall,
  }
}

function identityOf(identity: Settings['identity']): UserIdentityInfo {
  if (identity === 'anonymous') return { type: UserTokenType.Anonymous }
  if ('user' in identity) {
    const password = (identity.password ?? identity.password_file)!.reveal()
    return { type: UserTokenType.UserName, userName: identity.user, password }
  }
  const certificate = new X509Certificate(readFileSync(identity.certificate_file))
  return { type: UserTokenType.Certificate, certificateData: certificate.raw, privateKey: identity.key_file.reveal() }
}

async function quietly(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined)
}
