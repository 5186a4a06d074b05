import { type Finding, MillwrightError, describeError } from '../../agent/core/index.ts'
import { Client, undici, unreachable } from './client.ts'
import type { Settings } from './config.ts'
import { judge } from './verdict.ts'

const muchSkew = 2_000

/** Asks for the server's version and clock, and whether it would take a write: an empty one, which writes nothing. */
export async function* examineDatabase(settings: Settings): AsyncGenerator<Finding> {
  try {
    yield* ping(settings)
    yield await writable(settings)
  } catch (error) {
    const remedy = error instanceof MillwrightError ? error.remedy : undefined
    yield { level: 'trouble', text: describeError(error), ...(remedy !== undefined && { remedy }) }
  }
}

async function* ping({ url, version, timeout }: Settings): AsyncGenerator<Finding> {
  const base = url.replace(/\/+$/, '')
  const response = await undici()
    .request(`${base}/ping`, { headersTimeout: timeout, bodyTimeout: timeout })
    .catch((error: unknown) => {
      throw unreachable(url, error)
    })
  const received = Date.now()
  await response.body.dump()
  const own = response.headers['x-influxdb-version']
  const text = typeof own === 'string' ? own.replace(/^v/, '') : undefined
  if (text === undefined)
    yield {
      level: 'warning',
      text: `what answers at ${url} does not say that it is InfluxDB`,
      remedy: 'Check that url leads to InfluxDB itself.',
    }
  else {
    yield { level: 'good', text: `is InfluxDB ${text}` }
    const major = Number(/^\d+/.exec(text)?.[0])
    if (major >= 1 && major !== version)
      yield {
        level: 'trouble',
        text: `the configuration says version: ${version}, the server is ${text}`,
        remedy: `Set version: ${major}.`,
      }
  }
  const date = Date.parse(String(response.headers.date))
  const ahead = date - received
  if (Math.abs(ahead) > muchSkew)
    yield {
      level: 'warning',
      text: `its clock is ${(Math.abs(ahead) / 1000).toFixed(0)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`,
      remedy: 'Set both by the same time server (NTP): retention and "now" in dashboards go by its clock.',
    }
}

async function writable(settings: Settings): Promise<Finding> {
  const client = new Client(settings)
  try {
    const answer = await client.post(Buffer.alloc(0), AbortSignal.timeout(settings.timeout))
    const verdict = judge(answer, settings)
    if (verdict.kind === 'missing' && settings.version === 1 && settings.create)
      return { level: 'good', text: `database "${settings.database}" is not there yet: the agent creates it` }
    if (verdict.kind === 'missing' || verdict.kind === 'failed') {
      const { message, remedy } = verdict.error
      return { level: 'trouble', text: message, ...(remedy !== undefined && { remedy }) }
    }
    // Nothing was sent, so nothing can be wrong with the lines: the way to them is open.
    return { level: 'good', text: 'takes writes with these credentials' }
  } finally {
    await client.close()
  }
}
