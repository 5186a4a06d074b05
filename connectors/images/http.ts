import { Observable, Subject } from 'rxjs'
import type { ImageArrival, ImageSource } from '../../agent/core/index.ts'
import { imageMessage } from './message.ts'

/** Images that are handed in by the HTTP server. */
export class PostedImages implements ImageSource {
  readonly #arrivals = new Subject<ImageArrival>()

  /** Takes the body of a request; resolves once it has a verdict, or was dropped. */
  post(body: Uint8Array, subject: string, arrival: number, part?: string): Promise<void> {
    return new Promise((resolve) => {
      this.#arrivals.next({ ...imageMessage(body, subject, arrival, part), settled: () => resolve() })
    })
  }

  images(): Observable<ImageArrival> {
    return this.#arrivals
  }
}
