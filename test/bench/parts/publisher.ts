import { RawPublisher } from '../../support/publisher.ts'
import { Template } from './messages.ts'
import { now } from './plant.ts'

export interface PublisherJob {
  readonly port: number
  readonly qos: 0 | 1
  readonly messages: number
  /** Samples a message. */
  readonly samples: number
  /** How many messages it may be ahead of whoever receives them: beyond that the queue of the broker is measured. */
  readonly ahead: number
  /** ms from one sample of a signal to the next, from an hour ago on; undefined: their time is now. */
  readonly step?: number
}

export interface PublisherTold {
  /** When the first message was sent. */
  readonly started: number
  readonly sent: number
}

/** Publishes as fast as it is received. The parent tells how much that is: `{ received }`, in messages. */
async function publish({ port, qos, messages, samples, ahead, step }: PublisherJob): Promise<void> {
  const publisher = await RawPublisher.connect(port)
  const rounds = samples === 1 ? 4 : 1
  const templates = Array.from({ length: 8 }, (_, i) => new Template(qos, rounds, samples, i * rounds * samples))
  let time = step === undefined ? 0 : Math.floor(now()) - 3_600_000
  const started = now()
  let sent = 0
  for (let i = 0; sent < messages; i = (i + 1) % templates.length) {
    const template = templates[i]
    if (step === undefined) time = Math.max(time, Math.floor(now()))
    await publisher.write(template.at(time, step ?? 1))
    time += template.times * (step ?? 1)
    sent += template.messages
    if (i === 0) process.send!({ started, sent })
    while (sent - received > ahead && !over) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  process.send!({ started, sent })
  if (qos === 1) await publisher.acknowledgedBut(0)
  await ended
  await publisher.close()
}

let received = 0
let over = false
const ended = new Promise<void>((resolve) =>
  process.once('disconnect', () => {
    over = true
    resolve()
  }),
)

process.once('message', (job: PublisherJob) => {
  process.on('message', (told: { received: number }) => (received = told.received))
  void publish(job)
})
