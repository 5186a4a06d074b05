import { PublishRequest, RepublishRequest } from 'node-opcua-client'
import type { NotificationMessage, PublishResponse } from 'node-opcua-client'
import type { Session } from './client.ts'
import { isUnsendable } from './faults.ts'

/** A day: the watchdog decides what is too long, not the request. */
const longestWait = 86_400_000

/** What becomes of the answers to publish requests. */
export interface PublisherEvents {
  received(response: PublishResponse): void
  /** A notification was longer than a message may be. */
  unsent(): void
  failed(error: Error): void
}

/** The notification that was asked for: some servers answer with an empty one where they no longer have it. */
function asked(message: NotificationMessage | null, sequence: number): NotificationMessage | undefined {
  return message?.sequenceNumber === sequence && message.notificationData?.length ? message : undefined
}

/** Keeps publish requests waiting on the server and acknowledges what is stored. */
export class Publisher {
  readonly #session: Session
  readonly #events: PublisherEvents
  #acknowledgements: { subscriptionId: number; sequenceNumber: number }[] = []
  #waiting = 0
  #target = 0
  #most = 10
  #paused = false
  #closed = false

  constructor(session: Session, events: PublisherEvents) {
    this.#session = session
    this.#events = events
  }

  /** Serves this many subscriptions from now on. */
  serve(subscriptions: number): void {
    // One more than there are subscriptions, so that none waits for the way of an answer; without one they are refused.
    this.#target = subscriptions === 0 ? 0 : Math.min(subscriptions + 1, 10)
    this.#send()
  }

  /** The server may forget this notification: it is stored. Told with the next request. */
  acknowledge(subscriptionId: number, sequenceNumber: number): void {
    this.#acknowledgements.push({ subscriptionId, sequenceNumber })
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#send()
  }

  close(): void {
    this.#closed = true
  }

  /**
   * A notification that was sent before; undefined where the server no longer has it, or cannot send it. Rejects where the
   * connection breaks.
   */
  again(subscriptionId: number, retransmitSequenceNumber: number): Promise<NotificationMessage | undefined> {
    return new Promise((resolve, reject) => {
      this.#session.republish(new RepublishRequest({ subscriptionId, retransmitSequenceNumber }), (error, response) => {
        if (response && !error) resolve(asked(response.notificationMessage, retransmitSequenceNumber))
        else if (/BadMessageNotAvailable|BadServiceUnsupported|BadNotImplemented/.test(String(error)))
          resolve(undefined)
        else if (isUnsendable(error)) resolve(undefined)
        else reject(error ?? new Error('no answer'))
      })
    })
  }

  #send(): void {
    while (!this.#closed && !this.#paused && this.#waiting < Math.min(this.#target, this.#most)) this.#sendOne()
  }

  #sendOne(): void {
    const acknowledgements = this.#acknowledgements
    this.#acknowledgements = []
    this.#waiting++
    const request = new PublishRequest({
      requestHeader: { timeoutHint: longestWait },
      subscriptionAcknowledgements: acknowledgements,
    })
    this.#session.publish(request, (error, response) => {
      this.#waiting--
      if (this.#closed) return
      if (error || !response) this.#failed(error ?? new Error('no answer'), acknowledgements)
      else {
        this.#events.received(response)
        this.#send()
      }
    })
  }

  #failed(error: Error, acknowledgements: { subscriptionId: number; sequenceNumber: number }[]): void {
    this.#acknowledgements.unshift(...acknowledgements)
    if (/BadTooManyPublishRequests/.test(error.message)) {
      // The server holds this many and no more; the next answer makes room for the next request.
      this.#most = Math.max(1, this.#waiting)
      if (this.#waiting === 0) this.#sendLater()
    } else if (isUnsendable(error)) {
      this.#events.unsent()
      // Later, as a server may try the same again.
      this.#sendLater()
    } else if (/BadTimeout|timed out/.test(error.message)) this.#send()
    else this.#events.failed(error)
  }

  #sendLater(): void {
    setTimeout(() => this.#send(), 1_000).unref()
  }
}
