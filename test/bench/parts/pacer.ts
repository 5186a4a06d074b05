import { RawPublisher } from '../../support/publisher.ts'
import { Template } from './messages.ts'
import { assets, now, tags } from './plant.ts'

export interface PacerJob {
  readonly port: number
  readonly qos: 0 | 1
  /** Samples a second of the whole plant, one a message. */
  readonly rate: number
  /** Tells when the sample was sent that comes this long after the end of a window of that length, ms. */
  readonly closing?: { readonly every: number; readonly lateness: number }
}

export interface PacerTold {
  readonly sent: number
  /** By `asset end`: when the sample was sent that closed the window. */
  readonly closed: ReadonlyMap<string, number>
}

/** Publishes at a steady rate, machine after machine, with the time of sending; until the parent ends it. */
async function pace({ port, qos, rate, closing }: PacerJob): Promise<void> {
  const publisher = await RawPublisher.connect(port)
  const perAsset = Array.from({ length: assets }, (_, asset) =>
    Array.from({ length: 8 }, (_, first) => new Template(qos, 1, 1, first, [asset])),
  )
  const begin = now()
  const closed = new Map<string, number>()
  const newest = new Float64Array(assets).fill(Infinity)
  let sent = 0
  while (process.connected) {
    // One machine at a time: spread over the period, as machines are that know nothing of each other.
    const due = Math.floor(((now() - begin) / 1_000) * (rate / tags) * assets)
    for (; sent < due; sent++) {
      const asset = sent % assets
      const time = Math.floor(now())
      await publisher.write(perAsset[asset][Math.floor(sent / assets) % 8].at(time, 1))
      if (closing) note(closed, newest, asset, time, closing)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (closed.size > 0) {
      process.send!({ sent, closed: new Map(closed) } satisfies PacerTold, undefined, undefined, () => undefined)
      closed.clear()
    }
  }
  await publisher.close()
}

/** Notes all windows that a sample of `time` closes. */
function note(
  closed: Map<string, number>,
  newest: Float64Array,
  asset: number,
  time: number,
  { every, lateness }: NonNullable<PacerJob['closing']>,
): void {
  const at = now()
  for (let end = Math.ceil((newest[asset] + 1) / every) * every; end + lateness <= time; end += every) {
    closed.set(`line${asset % 5}/pump${asset} ${end}`, at)
    newest[asset] = end
  }
  if (newest[asset] === Infinity) newest[asset] = time
}

process.once('message', (job: PacerJob) => void pace(job))
