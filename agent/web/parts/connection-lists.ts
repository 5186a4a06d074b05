import { html, nothing, type TemplateResult } from 'lit'
import type { AuditEntry, CertificateView, DeadLetterView } from '../../view/shapes.ts'
import { bytes, clock, count, date } from '../format.ts'
import { strings } from '../strings.ts'
import { badge } from './icons.ts'

const words = strings.connections

/** What could not be used or delivered: the reason, and the payload to look at. */
export function deadLetters(letters: readonly DeadLetterView[], all: number, now: number): TemplateResult {
  return html`<section aria-labelledby="dead-title">
    <h2 id="dead-title">${words.dead} <span class="hint">${count(all)}</span></h2>
    <p class="hint">${letters.length === 0 ? words.noDead : words.deadHint}</p>
    <ul class="letters">
      ${letters.map(
        ({ time, origin, reason, detail, subject, rows, payload, size }) =>
          html`<li class="card letter">
            <div class="row between">
              <span><strong>${reason}</strong> <span class="code">${subject}</span></span>
              <span class="hint">${origin} · ${clock(time, now)} · ${words.rows(rows)}</span>
            </div>
            <p>${detail}</p>
            ${
              size > 0
                ? html`<details>
                    <summary>${words.payload(bytes(size))}</summary>
                    <pre tabindex="0">${payload}</pre>
                  </details>`
                : nothing
            }
          </li>`,
      )}
    </ul>
  </section>`
}

/** Which OPC UA servers are believed, those that wait for it first; `approve` absent: the role may not. */
export function certificates(
  all: readonly CertificateView[],
  approve: ((certificate: CertificateView) => void) | undefined,
): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing
  return html`<section aria-labelledby="certificates-title">
    <h2 id="certificates-title">${words.certificates}</h2>
    <p class="hint">${words.certificatesHint}</p>
    <ul class="letters">
      ${all.map((certificate) => {
        const { connector, thumbprint, subject, validTo, state } = certificate
        const pending = state === 'pending'
        return html`<li class="card ${pending ? 'warn' : ''}">
          <div class="row between">
            <span
              ><strong>${connector}</strong>
              ${badge(pending ? 'warn' : 'good', pending ? words.pending : words.trusted)}</span
            >
            ${pending && approve ? html`<button class="primary small" @click=${() => approve(certificate)}>${words.approve}<span class="unseen">${subject}</span></button>` : nothing}
          </div>
          <p>${subject} <span class="hint">${words.validTo(date(validTo))}</span></p>
          <p class="code thumbprint">${thumbprint}</p>
        </li>`
      })}
    </ul>
  </section>`
}

/** Who did what. */
export function auditTrail(entries: readonly AuditEntry[], now: number): TemplateResult {
  return html`<section aria-labelledby="audit-title">
    <h2 id="audit-title">${words.audit}</h2>
    ${
      entries.length === 0
        ? html`<p class="hint">${words.noAudit}</p>`
        : html`<div class="card scroll" tabindex="0" role="group" aria-labelledby="audit-title">
            <table>
              <thead>
                <tr>
                  ${words.auditColumns.map((column) => html`<th scope="col">${column}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${entries.map(
                  ({ time, by, said, action, subject, detail }) =>
                    html`<tr>
                      <td class="when">${clock(time, now)}</td>
                      <td>
                        ${by} ${said === undefined ? nothing : html`<span class="hint">${words.said(said)}</span>`}
                      </td>
                      <td>${action}</td>
                      <td>${subject} <span class="hint">${detail}</span></td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`
}
