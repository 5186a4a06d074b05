import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { parseLines, pointKey, type RecordedPoint } from './influx-recorder-lines.ts'

/** An answer instead of the protocol's own; `silence` never answers. */
export type Reply =
  { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } | 'silence'

export interface RecorderOptions {
  readonly version: 2 | 3
  readonly org?: string
  readonly bucket: string
  readonly token: string
  /** Requests must be compressed, or must not be. */
  readonly gzip?: boolean
  /** Largest body in bytes, uncompressed; 413 above. */
  readonly largest?: number
  /** Points for which the server has words of refusal. */
  readonly refuse?: (point: RecordedPoint) => string | undefined
}

/**
 * A local server of the documented v2 write endpoint, of InfluxDB 2.x or 3, not the real one: it checks method, path,
 * query, token, compression and every line, and keeps points by measurement, tags and time as InfluxDB does.
 * 2.x refuses a whole body for a line it cannot parse (400) and writes the good part for one of the wrong type (422);
 * 3 writes the good part and names each line it refused.
 */
export class InfluxRecorder {
  /** By key; fields of the same key are merged. */
  readonly points = new Map<string, RecordedPoint>()
  /** Every well-formed request: its number of lines and the status it got. */
  readonly requests: { readonly lines: number; readonly status: number }[] = []
  /** What was wrong with requests that broke the protocol: a test must find it empty. */
  readonly violations: string[] = []
  /** JavaScript type by `measurement/field`, as the first point of each has set it. */
  readonly types = new Map<string, string>()
  /** Answers for the next requests, in order; `always` for all of them. */
  readonly replies: Reply[] = []
  always: Reply | undefined
  readonly #options: RecorderOptions
  readonly #server: Server

  private constructor(options: RecorderOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#handle(request, response))
  }

  static async start(options: RecorderOptions, port = 0): Promise<InfluxRecorder> {
    const recorder = new InfluxRecorder(options)
    await once(recorder.#server.listen(port, '127.0.0.1'), 'listening')
    return recorder
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** Points of one measurement, in order of their first arrival. */
  of(measurement: string): RecordedPoint[] {
    return [...this.points.values()].filter((point) => point.measurement === measurement)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const reply = this.#reply(request, Buffer.concat(parts))
    if (reply === 'silence') return
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body)
  }

  #reply(request: IncomingMessage, sent: Buffer): Reply {
    const { gzip = true, token, largest = Infinity } = this.#options
    const violation = this.#violation(request, gzip)
    if (violation !== undefined) {
      this.violations.push(violation)
      return this.#error(400, 'invalid', violation)
    }
    const forced = this.replies.shift() ?? this.always
    if (forced) return forced
    if (request.headers.authorization !== `Token ${token}`)
      return this.#error(401, 'unauthorized', 'unauthorized access')
    const query = new URL(request.url!, this.url).searchParams
    if (query.get('bucket') !== this.#options.bucket)
      return this.#error(404, 'not found', `bucket "${query.get('bucket')}" not found`)
    const body = gzip ? gunzipSync(sent) : sent
    if (body.length > largest) return this.#error(413, 'request too large', 'request body too large')
    return this.#write(body)
  }

  #violation(request: IncomingMessage, gzip: boolean): string | undefined {
    const { pathname, searchParams } = new URL(request.url!, this.url)
    const { version, org } = this.#options
    const keys = version === 2 ? ['bucket', 'org', 'precision'] : ['bucket', 'precision']
    if (request.method !== 'POST') return `method ${request.method}`
    if (pathname !== '/api/v2/write') return `path ${pathname}`
    if ([...searchParams.keys()].sort().join() !== keys.join()) return `query ${request.url}`
    if (searchParams.get('precision') !== 'us') return `precision ${searchParams.get('precision')}`
    if (version === 2 && searchParams.get('org') !== org) return `org ${searchParams.get('org')}`
    if (!request.headers['content-type']?.startsWith('text/plain')) return `type ${request.headers['content-type']}`
    if (request.headers['content-encoding'] !== (gzip ? 'gzip' : undefined))
      return `encoding ${request.headers['content-encoding']}`
    return undefined
  }

  #write(body: Buffer): Reply {
    let points: RecordedPoint[]
    try {
      points = parseLines(body.toString())
    } catch (error) {
      this.violations.push((error as Error).message)
      return this.#error(400, 'invalid', (error as Error).message)
    }
    const refused = points.map((point) => this.#options.refuse?.(point) ?? this.#conflict(point))
    const reply = this.#answer(points, refused)
    this.requests.push({ lines: points.length, status: reply.status })
    points.forEach((point, line) => {
      if (refused[line] === undefined && (reply.status !== 400 || this.#options.version === 3)) this.#keep(point)
    })
    return reply
  }

  #answer(points: readonly RecordedPoint[], refused: readonly (string | undefined)[]): Exclude<Reply, 'silence'> {
    const first = refused.find((words) => words !== undefined)
    if (first === undefined) return { status: 204 }
    if (this.#options.version === 3) {
      const data = points.flatMap((_, line) =>
        refused[line] === undefined ? [] : [{ original_line: '', line_number: line + 1, error_message: refused[line] }],
      )
      return { status: 400, body: JSON.stringify({ error: 'partial write of line protocol occurred', data }) }
    }
    if (!first.startsWith('field type conflict')) return this.#error(400, 'invalid', first)
    const dropped = refused.filter((words) => words !== undefined).length
    const message = `failure writing points to database: partial write: ${first} dropped=${dropped}`
    return this.#error(422, 'unprocessable entity', message)
  }

  #conflict({ measurement, fields }: RecordedPoint): string | undefined {
    for (const [field, value] of Object.entries(fields)) {
      const known = this.types.get(`${measurement}/${field}`)
      const type = typeof value
      if (known !== undefined && known !== type)
        return `field type conflict: input field "${field}" on measurement "${measurement}" is type ${type}, already exists as type ${known}`
    }
    return undefined
  }

  #keep(point: RecordedPoint): void {
    for (const [field, value] of Object.entries(point.fields))
      this.types.set(`${point.measurement}/${field}`, typeof value)
    const key = pointKey(point)
    const known = this.points.get(key)
    this.points.set(key, known ? { ...point, fields: { ...known.fields, ...point.fields } } : point)
  }

  #error(status: number, code: string, message: string): Exclude<Reply, 'silence'> {
    return { status, body: JSON.stringify({ code, message }) }
  }
}
